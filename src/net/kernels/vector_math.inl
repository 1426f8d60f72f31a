// Included by vector_math.cpp once for each kind of vector unit, in a namespace of its own that has kLanes: the floats
// of a vector.

constexpr std::int64_t kRows = 4;  // of q that are taken together

template <std::int64_t kCount>
struct Vector {
  typedef float Floats __attribute__((vector_size(kCount * sizeof(float))));  // as `using` it would be no vector
};
using Floats = Vector<kLanes>::Floats;
using Ints = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

constexpr std::int64_t padded(std::int64_t n) {
  return (n + kLanes - 1) / kLanes * kLanes;
}

// e^x for x up to 0, 0 far below: 2^n e^r with |r| at most ln 2 / 2, e^r by its series.
[[gnu::always_inline]] inline void exponential(Floats& x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no room for a fraction
  const Ints tiny = x < -87.0F;
  x = tiny ? Floats{} - 87.0F : x;
  const Floats n = (x * 1.44269504F + kRound) - kRound;
  const Floats r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  Floats e = r * (1.0F / 5040) + 1.0F / 720;
  e = e * r + 1.0F / 120;
  e = e * r + 1.0F / 24;
  e = e * r + 1.0F / 6;
  e = e * r + 0.5F;
  e = e * r + 1.0F;
  e = e * r + 1.0F;
  const Ints power = (__builtin_convertvector(n, Ints) + 127) << 23;
  Floats scale;
  std::memcpy(&scale, &power, sizeof(scale));
  x = tiny ? Floats{} : e * scale;
}

// Halves of a vector, of those halves, and so on.
template <std::int64_t kCount, class Fold>
[[gnu::always_inline]] inline float fold(const typename Vector<kCount>::Floats& x, Fold fold_two) {
  if constexpr (kCount > 4) {
    typename Vector<kCount / 2>::Floats half[2];
    std::memcpy(half, &x, sizeof(half));
    return fold<kCount / 2>(fold_two(half[0], half[1]), fold_two);
  } else {
    const float first = fold_two(x[0], x[1]), second = fold_two(x[2], x[3]);
    return fold_two(first, second);
  }
}

[[gnu::always_inline]] inline Floats& at(float* data, std::int64_t vector) {
  return reinterpret_cast<Floats*>(data)[vector];
}

// Rows side by side in whole vectors, zeros after their end: [padded(T), padded(n)].
[[gnu::always_inline]] inline void pack(HeadRows rows, const HeadSize& size, std::int64_t width, float* to) {
  std::memset(to, 0, static_cast<std::size_t>(padded(size.time) * width) * sizeof(float));
  for (std::int64_t t = 0; t < size.time; ++t)
    std::memcpy(to + t * width, rows.data + t * rows.stride, static_cast<std::size_t>(size.channels) * sizeof(float));
}

// The same with channels as rows: [n, padded(T)].
[[gnu::always_inline]] inline void pack_columns(const float* rows, const HeadSize& size, std::int64_t width,
                                                float* to) {
  const std::int64_t time = padded(size.time);
  for (std::int64_t t = 0; t < time; ++t) {
    for (std::int64_t c = 0; c < size.channels; ++c) to[c * time + t] = rows[t * width + c];
  }
}

// Products of kRows rows with every column up to `vectors` vectors: [kRows, time].
[[gnu::always_inline]] inline void multiply(const float* rows, std::int64_t width, float* columns, std::int64_t time,
                                            std::int64_t channels, std::int64_t vectors, float scale, float* to) {
  for (std::int64_t j = 0; j < vectors; ++j) {
    Floats a{}, b{}, c{}, d{};
    for (std::int64_t n = 0; n < channels; ++n) {
      const Floats& column = at(columns + n * time, j);
      a += rows[n] * column;
      b += rows[width + n] * column;
      c += rows[2 * width + n] * column;
      d += rows[3 * width + n] * column;
    }
    at(to, j) = a * scale;
    at(to + time, j) = b * scale;
    at(to + 2 * time, j) = c * scale;
    at(to + 3 * time, j) = d * scale;
  }
}

// kRows rows of weights times the rows of a matrix, kVectors of their vectors from `first` on: [kRows, width].
template <std::int64_t kVectors>
[[gnu::always_inline]] inline void mix_vectors(const float* weights, std::int64_t time, float* rows, std::int64_t width,
                                               std::int64_t first, std::int64_t count, float* to) {
  Floats made[kRows][kVectors] = {};
  for (std::int64_t j = 0; j < count; ++j) {
    for (std::int64_t v = 0; v < kVectors; ++v) {
      const Floats& row = at(rows + j * width, first + v);
      for (std::int64_t i = 0; i < kRows; ++i) made[i][v] += weights[i * time + j] * row;
    }
  }
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t v = 0; v < kVectors; ++v) at(to + i * width, first + v) = made[i][v];
  }
}

[[gnu::always_inline]] inline void mix(const float* weights, std::int64_t time, float* rows, std::int64_t width,
                                       std::int64_t count, float* to) {
  std::int64_t v = 0;
  for (; (v + 2) * kLanes <= width; v += 2) mix_vectors<2>(weights, time, rows, width, v, count, to);
  if (v * kLanes < width) mix_vectors<1>(weights, time, rows, width, v, count, to);
}

// Adds to every row j of a matrix the kRows rows, each by its weight.
template <std::int64_t kVectors>
[[gnu::always_inline]] inline void spread_vectors(const float* weights, std::int64_t time, float* rows,
                                                  std::int64_t width, std::int64_t first, std::int64_t count,
                                                  float* to) {
  Floats own[kRows][kVectors];
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t v = 0; v < kVectors; ++v) own[i][v] = at(rows + i * width, first + v);
  }
  for (std::int64_t j = 0; j < count; ++j) {
    for (std::int64_t v = 0; v < kVectors; ++v) {
      Floats& row = at(to + j * width, first + v);
      for (std::int64_t i = 0; i < kRows; ++i) row += weights[i * time + j] * own[i][v];
    }
  }
}

[[gnu::always_inline]] inline void spread(const float* weights, std::int64_t time, float* rows, std::int64_t width,
                                          std::int64_t count, float* to) {
  std::int64_t v = 0;
  for (; (v + 2) * kLanes <= width; v += 2) spread_vectors<2>(weights, time, rows, width, v, count, to);
  if (v * kLanes < width) spread_vectors<1>(weights, time, rows, width, v, count, to);
}

// How many vectors of keys the rows from `row` on see.
[[gnu::always_inline]] inline std::int64_t seen_by(const HeadSize& size, std::int64_t row) {
  return size.causal ? padded(std::min(row + kRows, size.time)) / kLanes : padded(size.time) / kLanes;
}

// How many keys row i sees.
[[gnu::always_inline]] inline std::int64_t keys_of(const HeadSize& size, std::int64_t i) {
  return size.causal ? std::min(i + 1, size.time) : size.time;
}

struct Scratch {
  float *q, *k, *v, *columns, *value_columns, *scores, *slopes, *out, *d_out, *dk, *dv;
  Scratch(const HeadSize& size, std::int64_t width, float* from) {
    const std::int64_t matrix = (padded(size.time) + kLanes) * width, rows = kRows * padded(size.time);
    float* next = from + (kLanes - (reinterpret_cast<std::uintptr_t>(from) / sizeof(float)) % kLanes) % kLanes;
    const auto take = [&](std::int64_t count) {
      float* const own = next;
      next += count;
      return own;
    };
    q = take(matrix), k = take(matrix), v = take(matrix), columns = take(matrix), value_columns = take(matrix);
    scores = take(rows), slopes = take(rows), out = take(kRows * width), d_out = take(matrix), dk = take(matrix);
    dv = take(matrix);
  }
};

void attend(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, float* log_sums, float* scratch) {
  const std::int64_t width = padded(size.channels), time = padded(size.time);
  const Scratch own(size, width, scratch);
  pack(q, size, width, own.q);
  pack(k, size, width, own.k);
  pack(v, size, width, own.v);
  pack_columns(own.k, size, width, own.columns);
  for (std::int64_t row = 0; row < size.time; row += kRows) {
    const std::int64_t vectors = seen_by(size, row), rows = std::min(kRows, size.time - row);
    multiply(own.q + row * width, width, own.columns, time, size.channels, vectors, size.scale, own.scores);
    float inverse[kRows] = {};
    for (std::int64_t i = 0; i < rows; ++i) {
      float* const scores = own.scores + i * time;
      for (std::int64_t j = keys_of(size, row + i); j < vectors * kLanes; ++j)
        scores[j] = -std::numeric_limits<float>::infinity();
      Floats most = at(scores, 0);
      for (std::int64_t j = 1; j < vectors; ++j) most = at(scores, j) > most ? at(scores, j) : most;
      const float shift = fold<kLanes>(most, [](const auto& a, const auto& b) { return a > b ? a : b; });
      Floats total{};
      for (std::int64_t j = 0; j < vectors; ++j) {
        Floats e = at(scores, j) - shift;
        exponential(e);
        at(scores, j) = e;
        total += e;
      }
      const float all = fold<kLanes>(total, [](const auto& a, const auto& b) { return a + b; });
      inverse[i] = 1 / all;
      log_sums[row + i] = shift + std::log(all);
    }
    mix(own.scores, time, own.v, width, std::min(vectors * kLanes, size.time), own.out);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t c = 0; c < size.channels; ++c)
        out.data[(row + i) * out.stride + c] = own.out[i * width + c] * inverse[i];
    }
  }
}

void attend_backward(const HeadSize& size, HeadRows q, HeadRows k, HeadRows v, HeadRows out, const float* log_sums,
                     HeadRows d_out, HeadRows dq, HeadRows dk, HeadRows dv, float* scratch) {
  const std::int64_t width = padded(size.channels), time = padded(size.time);
  const Scratch own(size, width, scratch);
  pack(q, size, width, own.q);
  pack(k, size, width, own.k);
  pack(v, size, width, own.v);
  pack(d_out, size, width, own.d_out);
  pack_columns(own.k, size, width, own.columns);
  pack_columns(own.v, size, width, own.value_columns);
  std::memset(own.dk, 0, static_cast<std::size_t>(time * width) * sizeof(float));
  std::memset(own.dv, 0, static_cast<std::size_t>(time * width) * sizeof(float));
  for (std::int64_t row = 0; row < size.time; row += kRows) {
    const std::int64_t vectors = seen_by(size, row), rows = std::min(kRows, size.time - row);
    const std::int64_t count = std::min(vectors * kLanes, size.time);
    multiply(own.q + row * width, width, own.columns, time, size.channels, vectors, size.scale, own.scores);
    multiply(own.d_out + row * width, width, own.value_columns, time, size.channels, vectors, 1, own.slopes);
    for (std::int64_t i = 0; i < kRows; ++i) {
      float *const weights = own.scores + i * time, *const slopes = own.slopes + i * time;
      const std::int64_t keys = i < rows ? keys_of(size, row + i) : 0;
      for (std::int64_t j = keys; j < vectors * kLanes; ++j) weights[j] = -std::numeric_limits<float>::infinity();
      float mean = 0;  // of the slopes, by weight
      for (std::int64_t c = 0; i < rows && c < size.channels; ++c)
        mean += d_out.data[(row + i) * d_out.stride + c] * out.data[(row + i) * out.stride + c];
      const float shift = i < rows ? log_sums[row + i] : 0;
      for (std::int64_t j = 0; j < vectors; ++j) {
        Floats e = at(weights, j) - shift;
        exponential(e);
        at(weights, j) = e;
        at(slopes, j) = e * (at(slopes, j) - mean) * size.scale;
      }
    }
    mix(own.slopes, time, own.k, width, count, own.out);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(dq.data + (row + i) * dq.stride, own.out + i * width,
                  static_cast<std::size_t>(size.channels) * sizeof(float));
    spread(own.slopes, time, own.q + row * width, width, count, own.dk);
    spread(own.scores, time, own.d_out + row * width, width, count, own.dv);
  }
  for (std::int64_t t = 0; t < size.time; ++t) {
    for (std::int64_t c = 0; c < size.channels; ++c) {
      dk.data[t * dk.stride + c] += own.dk[t * width + c];
      dv.data[t * dv.stride + c] += own.dv[t * width + c];
    }
  }
}

// The first `count` lanes are asked for.
[[gnu::always_inline]] inline void gelu(const float* from, std::int64_t count, float* value, float* slope) {
  Floats x{};
  std::memcpy(&x, from, static_cast<std::size_t>(count) * sizeof(float));
  const Floats z = (x < 0.0F ? -x : x) * 0.707106781F;
  Floats e = -(z * z);
  exponential(e);
  const Floats t = 1.0F / (z * 0.3275911F + 1.0F);
  Floats p = t * 1.061405429F - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const Floats tail = p * t * e * 0.5F, share = x < 0.0F ? tail : 1.0F - tail;  // Φ(x)
  const Floats made = x * share, rises = share + x * e * 0.398942280F;
  std::memcpy(value, &made, static_cast<std::size_t>(count) * sizeof(float));
  std::memcpy(slope, &rises, static_cast<std::size_t>(count) * sizeof(float));
}

void gelu_and_slope(const float* x, std::int64_t count, float* value, float* slope) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) gelu(x + i, kLanes, value + i, slope + i);
  if (i < count) gelu(x + i, count - i, value + i, slope + i);
}
