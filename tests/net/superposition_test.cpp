// A mixture with all its probability on one genome is that genome; its weights are multiplied with what a sum over all
// combinations of values would give; and a space that has no such mixture is refused.
#include "net/superposition.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/entangled.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/spaces.hpp"

namespace weft::net {
namespace {

const std::string kGenes =
    "input: {context: 6}\nstem: {embedding: 11, position: learned}\n"
    "genes:\n  embed_dim: {choice: [8, 12, 16]}\n  depth: {range: [1, 3]}\n"
    "  num_heads: {choice: [1, 2, 4], per_layer: true}\n  mlp_ratio: {choice: [1, 2], per_layer: true}\n"
    "  bias: {flag: true, per_layer: true}\n"
    "layers: {count: depth, block: own.block, bind: {D: embed_dim, H: num_heads, R: mlp_ratio, B: bias}}\n";
const std::string kHead = "head: {norm: layernorm, tied: true}\n";
const std::string kBlock =
    "def block(x):\n    h = layernorm(x)\n"
    "    a = attention(linear(h, 4 * H, bias=B), linear(h, 4 * H), linear(h, 4 * H), heads=H)\n"
    "    x = x + linear(a, D)\n    f = silu(linear(layernorm(x), R * D, bias=B))\n    return x + linear(f, D)\n";

space::Space heads() {
  return test::space_with_block(kGenes + kHead, "own", kBlock);
}

// The same without any normalisation over channels.
space::Space plain() {
  return test::space_with_block(
      kGenes + "head: {norm: none, tied: true}\n", "own",
      "def block(x):\n    a = attention(linear(x, 4 * H, bias=B), linear(x, 4 * H), linear(x, "
      "4 * H), heads=H)\n    x = x + linear(a, D)\n"
      "    return x + linear(silu(linear(x, R * D, bias=B)), D)\n");
}

std::vector<at::Tensor> random_probabilities(const Superposition& superposition) {
  std::vector<at::Tensor> list;
  for (const auto& place : superposition.places()) {
    const at::Tensor values = at::rand({place.values}, at::kDouble) + 0.05;
    list.push_back(values / values.sum());
  }
  return list;
}

// All of the probability on the genome's values; layers that it does not have are any.
std::vector<at::Tensor> one_hot(const Superposition& superposition, const space::Space& space,
                                const space::Genome& genome) {
  std::vector<at::Tensor> list;
  for (const auto& place : superposition.places()) {
    const std::int32_t code = genome.codes[space.slot(place.gene, place.layer)];
    list.push_back(at::zeros({place.values}, at::kDouble));
    list.back()[std::max(code, 0)].fill_(1);
  }
  return list;
}

double distance(Supernet& supernet, Superposition& superposition, const space::Genome& genome) {
  const at::NoGradGuard no_grad;
  const at::Tensor input = test::examples_for(supernet.input(), 2).input;
  const auto mixed = superposition.mix(one_hot(superposition, supernet.space(), genome), false);
  const auto network = supernet.select(std::vector{genome});
  return test::difference(superposition.forward(mixed, input, true), network[0].forward(input, true));
}

TEST(Superposition, HasAPlaceForEachGeneAndEachLayerOfAPerLayerGene) {
  const space::Space space = heads();
  Supernet supernet(space, space.input, test::double_supernet());
  const Superposition superposition(supernet, space::largest(space, space.input));
  ASSERT_EQ(superposition.places().size(), 2U + 3 * 3);
  EXPECT_EQ(superposition.places()[0].values, 3);
}

TEST(Superposition, MultipliesAWeightWithTheSumOfTheProbabilitiesOfTheGenomesThatHaveIt) {
  const space::Space space = heads();
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  const auto probabilities = random_probabilities(superposition);
  const auto masks = superposition.masks(probabilities);
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> sums;
  for (const SharedWeight& weight : supernet.weights()) sums.push_back(at::zeros_like(weight.value));
  const auto probability = [&](const char* gene, int layer, int code) {
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      const auto& place = superposition.places()[i];
      if (space.genes[static_cast<std::size_t>(place.gene)].name == gene && place.layer == layer)
        return probabilities[i][code].item<double>();
    }
    return std::nan("");
  };
  for (int width = 0; width < 3; ++width) {
    for (int heads = 0; heads < 3; ++heads) {
      for (int ratio = 0; ratio < 2; ++ratio) {
        for (int bias = 0; bias < 2; ++bias) {
          space::Genome genome = space::largest(space, space.input);
          genome.codes[space.slot(space.gene_index("embed_dim"), 0)] = width;
          for (int layer = 0; layer < 3; ++layer) {
            genome.codes[space.slot(space.gene_index("num_heads"), layer)] = heads;
            genome.codes[space.slot(space.gene_index("mlp_ratio"), layer)] = ratio;
            genome.codes[space.slot(space.gene_index("bias"), layer)] = bias;
          }
          supernet.select(std::vector{genome})[0].each_part([&](const Part& part) {
            const std::string& name = supernet.weights()[part.weight].name;
            const bool end = !name.starts_with("layers.");  // "layers.0.LAYER.…"
            const int layer = end ? 0 : name[std::string("layers.0.").size()] - '0';
            const double p = probability("embed_dim", 0, width) * probability("num_heads", layer, heads) *
                             probability("mlp_ratio", layer, ratio) * probability("bias", layer, bias);
            for (at::Tensor& window : windows(sums[part.weight], supernet.weights()[part.weight].axes, part.axes))
              window.add_(p);
          });
        }
      }
    }
  }
  std::size_t next = 0;
  int checked = 0;
  superposition.network().each_part([&](const Part& part) {
    const at::Tensor mask = masks[next].defined() ? masks[next] : at::ones_like(sums[part.weight]);
    EXPECT_TRUE(test::difference(mask, sums[part.weight]) <= 1e-12) << supernet.weights()[part.weight].name;
    ++next;
    ++checked;
  });
  EXPECT_EQ(checked, 3 * 16 + 4);
}

TEST(Superposition, OfOneGenomeOfFullWidthScoresAsThatGenomeDoes) {
  const space::Space space = heads();
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  base::Random random(3);
  for (int draw = 0; draw < 12; ++draw) {
    space::Genome genome = space::sample(space, random);
    genome.codes[space.slot(space.gene_index("embed_dim"), 0)] = 2;
    EXPECT_TRUE(distance(supernet, superposition, genome) <= 1e-10) << space::to_text(space, genome);
  }
}

TEST(Superposition, OfASmallerWidthScoresAsThatGenomeWhereNothingIsNormalised) {
  const space::Space space = plain();
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  base::Random random(4);
  for (int draw = 0; draw < 12; ++draw) {
    const space::Genome genome = space::sample(space, random);
    EXPECT_TRUE(distance(supernet, superposition, genome) <= 1e-10) << space::to_text(space, genome);
  }
}

// Layer norm takes mean and variance over the largest width, of which the rest is zeros.
TEST(Superposition, OfASmallerWidthDiffersWhereChannelsAreNormalised) {
  const space::Space space = heads();
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  space::Genome genome = space::largest(space, space.input);
  genome.codes[space.slot(space.gene_index("embed_dim"), 0)] = 0;
  EXPECT_TRUE(distance(supernet, superposition, genome) >= 1e-4);
}

TEST(Superposition, MixesWhatComesOutAfterEachDepth) {
  const space::Space space = test::space_with_block(
      "input: {context: 6}\nstem: {embedding: 11}\nhead: {norm: none}\ngenes:\n  depth: {range: [1, 3]}\n"
      "layers: {count: depth, block: own.block, bind: {D: 8}}\n",
      "own", "def block(x):\n    return x + linear(silu(x), D)\n");
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  const at::NoGradGuard no_grad;
  const at::Tensor input = test::examples_for(space.input, 2).input;
  const auto probabilities = random_probabilities(superposition);
  at::Tensor sum;
  for (int depth = 1; depth <= 3; ++depth) {  // the head is linear: a mixture of scores is the scores of a mixture
    const auto genome = space::from_text(space, "{\"depth\":" + std::to_string(depth) + "}");
    const at::Tensor scores =
        supernet.select(std::vector{*genome})[0].forward(input, true) * probabilities[0][depth - 1];
    sum = sum.defined() ? sum + scores : scores;
  }
  EXPECT_TRUE(test::difference(superposition.forward(superposition.mix(probabilities, false), input, true), sum) <=
              1e-10);
}

TEST(Superposition, LetsWeightsLearnOnlyWhereTheyAreToldTo) {
  const space::Space space = heads();
  Supernet supernet(space, space.input, test::double_supernet());
  Superposition superposition(supernet, space::largest(space, space.input));
  const test::Examples examples = test::examples_for(space.input, 2);
  auto probabilities = random_probabilities(superposition);
  for (at::Tensor& one : probabilities) one.set_requires_grad(true);
  const auto moved = [&] {
    double sum = 0;
    for (const SharedWeight& weight : supernet.weights()) sum += weight.gradient.abs().sum().item<double>();
    return sum;
  };
  const auto learn = [&](bool weights) {
    const auto mixed = superposition.mix(probabilities, weights);
    const at::Tensor loss = test::loss_of(superposition.forward(mixed, examples.input, true), examples.target);
    superposition.network().collect(superposition.network().gradients(loss));
    return test::loss_of(superposition.forward(mixed, examples.input, true), examples.target);
  };
  learn(false).backward();
  EXPECT_EQ(moved(), 0);
  EXPECT_GT(probabilities[0].grad().abs().sum().item<double>(), 0);
  learn(true);
  EXPECT_GT(moved(), 0);
}

std::string refused(const space::Space& space, SupernetOptions options = test::double_supernet()) {
  return test::error_of([&] {
    Supernet supernet(space, space.input, options);
    Superposition(supernet, space::largest(space, space.input));
  });
}

TEST(Superposition, IsRefusedWhereAGeneDecidesTheProgram) {
  const space::Space space = test::space_of(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  width: {choice: [8, 16]}\n"
      "  block: {choice: [gpt2.block, llama.block]}\n"
      "layers: {count: 2, block: block, bind: {D: width, H: 2, R: 1}}\n");
  EXPECT_EQ(refused(space), "the space 't' cannot be superposed: the gene 'block' decides the program");
}

TEST(Superposition, IsRefusedWhereHeadsHaveNoFixedSize) {
  const space::Space space = test::space_of(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  width: {choice: [8, 16]}\n"
      "  heads: {choice: [2, 4], per_layer: true}\n"
      "layers: {count: 2, block: gpt2.block, bind: {D: width, H: heads, R: 1}}\n");
  const std::string error = refused(space);
  EXPECT_NE(error.find("the space 't' cannot be superposed: its largest genome does not have all of the weight "
                       "'layers.0.0.linear("),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("of which other values of 'heads' have more"), std::string::npos) << error;
}

TEST(Superposition, IsRefusedWhereAGeneDecidesWhatAnOpDoes) {
  const space::Space space = test::space_with_block(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  window: {choice: [2, 4]}\n"
      "layers: {count: 2, block: own.block, bind: {D: 8, W: window}}\n",
      "own", "def block(x):\n    return x + attention(x, x, x, heads=2, window=W)\n");
  EXPECT_EQ(
      refused(space),
      "the space 't' cannot be superposed: the gene 'window' decides window of attention, which is no size that a "
      "mixture can have");
}

TEST(Superposition, IsRefusedWhereAGeneIsConditional) {
  const space::Space space = test::space_of(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  wide: {flag: true}\n"
      "  ratio: {choice: [1, 2], when: wide}\nlayers: {count: 2, block: gpt2.block, bind: {D: 8, H: 2, R: 2}}\n");
  EXPECT_EQ(refused(space), "the space 't' cannot be superposed: the gene 'ratio' is only there under a condition");
}

TEST(Superposition, IsRefusedWhereThereAreTooManyCombinations) {
  const space::Space space = test::space_with_block(
      "input: {context: 6}\nstem: {embedding: 11}\ngenes:\n  a: {range: [1, 70]}\n  b: {range: [1, 70]}\n"
      "layers: {count: 1, block: own.block, bind: {D: 8, A: a, B: b}}\n",
      "own", "def block(x):\n    return x + linear(linear(x, A), D) + linear(linear(x, B), D)\n");
  EXPECT_EQ(refused(space),
            "the space 't' cannot be superposed: its genes have more than 4096 combinations of values, with 'b'");
}

TEST(Superposition, IsRefusedWhereLayersAreSpread) {
  SupernetOptions options = test::double_supernet();
  options.depth = SupernetOptions::Depth::spread;
  EXPECT_NE(refused(heads(), options).find("set subnets.depth to first"), std::string::npos);
}

TEST(Superposition, IsRefusedWhereThereAreRunningStatistics) {
  const space::Space space = test::space_with_block(
      "task: image_classification\ninput: {image: [3, 8, 8], classes: 4}\nstem: {image: true}\n"
      "genes:\n  width: {choice: [4, 8]}\nlayers: {count: 1, block: own.block, bind: {W: width}}\n",
      "own", "def block(x):\n    return relu(batchnorm(conv2d(x, W, 3)))\n");
  const std::string error = refused(space);
  EXPECT_NE(error.find("' is a running statistic, which is of one network alone"), std::string::npos) << error;
}

}  // namespace
}  // namespace weft::net
