#!/usr/bin/env python3
"""A model server for tests: the OpenAI and Anthropic endpoints, with what can go wrong with them. Standard library only.

    fake_model_server.py [--replies FILE [--by-request]] [--scenario LIST] [--log FILE] ...

Prints "port N" once it listens on 127.0.0.1, and exits when its standard input ends, so it cannot outlive a test.

Replies    --replies FILE is a JSON list of texts, given out in turn, or with --by-request chosen by a hash of the
           request's body, which does not depend on the order in which concurrent requests arrive. Without the file a
           reply repeats the last message. Token counts are word counts: half of a prompt is read from the cache, a
           quarter written to it (Anthropic), a quarter of a reply is reasoning (OpenAI).
Log        --log FILE gets one JSON line a request: number, method, path, headers (names in small letters), body (parsed
           where it is JSON), scenario. Written before the answer. --announce also prints "request N".
Scenarios  --scenario LIST says what the first, second, ... request gets; the last of the list repeats. The names:
             ok, chunked, gzip          a good reply, in that encoding
             status:CODE                an error of that status
             429:SECONDS                too many requests, with Retry-After
             429-date:SECONDS           the same, as an HTTP date
             quota                      429 that says insufficient_quota
             echo-key, echo-key-reply   the client's key in an error, in a reply's text
             redirect                   to another path of this server
             hang                       no answer
             drip:SECONDS, drip-head:SECONDS    a byte at a time, of the body or of the headers too
             close                      the connection ends without an answer
             garbage                    no HTTP
             long-status:BYTES, long-head:BYTES the head of a reply, made long by its first line or by its headers
             cut, cut-chunked, cut-gzip         half a body
             bad-chunked                a chunk that does not end where it says
             bad-length, huge-length    a Content-Length that is no number, or 10^12
             invalid-json, huge-number, invalid-utf8, nul, no-choices   a 200 that cannot be used
             big:BYTES, gzip-bomb:BYTES a long reply, as it is or compressed
Delay      --delay MEDIAN,SIGMA,SEED: a log-normal delay in seconds before each answer; the n-th is always the same.
Samples    --most-choices K gives at most K choices, whatever n a request asks for.
TLS        --tls CERTIFICATE KEY.
Proxy      CONNECT is tunnelled, or with --no-tunnel refused; a request for http://host/path is answered here.
"""

import argparse
import gzip
import hashlib
import http.server
import json
import math
import os
import random
import select
import socket
import ssl
import sys
import threading
import time
from email.utils import formatdate


class Shared:
    """What the requests of one server have in common."""

    def __init__(self, options):
        self.options = options
        self.scenario = [item.strip() for item in options.scenario.split(",")]
        self.replies = json.load(open(options.replies, encoding="utf-8")) if options.replies else None
        self.lock = threading.Lock()
        self.requests = 0
        self.given = 0

    def count(self, entry):
        """Numbers and logs a request; returns its number and its scenario's name and argument."""
        with self.lock:
            self.requests += 1
            number = self.requests
            scenario = self.scenario[min(number, len(self.scenario)) - 1]
            if self.options.log:
                with open(self.options.log, "a", encoding="utf-8") as log:
                    log.write(json.dumps({"number": number, **entry, "scenario": scenario}) + "\n")
            if self.options.announce:
                print("request", number, flush=True)
        name, _, argument = scenario.partition(":")
        return number, name, argument

    def texts(self, body, count):
        if self.replies is None:
            return [last_message(body)] * count
        if self.options.by_request:
            digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
            first = int.from_bytes(digest[:8], "big")
        else:
            with self.lock:
                first = self.given
                self.given += count
        return [self.replies[(first + i) % len(self.replies)] for i in range(count)]

    def delay(self, number):
        if self.options.delay:
            median, sigma, seed = (float(part) for part in self.options.delay.split(","))
            time.sleep(random.Random(seed * 1e6 + number).lognormvariate(math.log(median), sigma))


def last_message(body):
    return body["messages"][-1]["content"] if "messages" in body else body.get("prompt", "")


def words(texts):
    return sum(len(str(text).split()) for text in texts)


def openai_reply(body, texts):
    chat = "messages" in body
    prompt = words([m["content"] for m in body["messages"]] if chat else [body.get("prompt", "")])
    written = words(texts)
    choices = []
    for index, text in enumerate(texts):
        said = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        choices.append({"index": index, "finish_reason": "stop", **said})
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written,
             "prompt_tokens_details": {"cached_tokens": prompt // 2},
             "completion_tokens_details": {"reasoning_tokens": written // 4}}
    return {"id": "fake", "model": body.get("model", "") + "-fake", "choices": choices, "usage": usage}


def anthropic_reply(body, texts):
    prompt = words([m["content"] for m in body["messages"]] + [body.get("system", "")])
    usage = {"input_tokens": prompt - prompt // 2 - prompt // 4, "cache_read_input_tokens": prompt // 2,
             "cache_creation_input_tokens": prompt // 4, "output_tokens": words(texts)}
    half = len(texts[0]) // 2
    content = [{"type": "thinking", "thinking": "..."}, {"type": "text", "text": texts[0][:half]},
               {"type": "text", "text": texts[0][half:]}]
    return {"id": "fake", "type": "message", "role": "assistant", "model": body.get("model", "") + "-fake",
            "content": content, "stop_reason": "end_turn", "usage": usage}


def gzip_of(size):
    return gzip.compress(b'{"choices": "' + b" " * size + b'"}')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = {"unparsed": text.decode("utf-8", "replace")}
        self.close_connection = True
        number, name, self.argument = self.server.shared.count(self.entry(self.body))
        self.server.shared.delay(number)
        try:
            getattr(self, "answer_" + name.replace("-", "_"))()
        except OSError:
            pass  # the client went away, as some tests mean it to

    do_GET = do_POST

    def do_CONNECT(self):
        self.server.shared.count(self.entry(None))
        if self.server.shared.options.no_tunnel:
            return self.error(407, "no tunnel")
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200, "Connection established")
            self.end_headers()
            self.close_connection = True
            ends = {self.connection: other, other: self.connection}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    ends[ready].sendall(data)

    def entry(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {"method": self.command, "path": self.path, "headers": headers, "body": body}

    # Ways to send.

    def send(self, status, body, *headers, length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_raw(self, *parts, pause=0.0):
        for part in parts:
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(pause)

    def head(self, *lines):
        return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: application/json", *lines, "", ""]).encode()

    def error(self, status, message, *headers, kind="fake_error"):
        body = {"type": "error", "error": {"message": message, "type": kind, "code": kind}}
        self.send(status, json.dumps(body).encode(), *headers)

    def reply(self, texts=None):
        most = self.server.shared.options.most_choices
        count = min(int(self.body.get("n", 1)), most)
        texts = texts or self.server.shared.texts(self.body, count)
        make = anthropic_reply if self.path.endswith("/messages") else openai_reply
        return json.dumps(make(self.body, texts)).encode()

    def key(self):
        return self.headers.get("Authorization", "") + self.headers.get("x-api-key", "")

    # The scenarios.

    def answer_ok(self):
        self.send(200, self.reply())

    def answer_chunked(self):
        body = self.reply()
        chunks = [body[i:i + 7] for i in range(0, len(body), 7)]
        self.send_raw(self.head("Transfer-Encoding: chunked"), *[b"%x\r\n%s\r\n" % (len(c), c) for c in chunks],
                      b"0\r\nX-Trailer: 1\r\n\r\n")

    def answer_gzip(self):
        self.send(200, gzip.compress(self.reply()), ("Content-Encoding", "gzip"))

    def answer_status(self):
        self.error(int(self.argument), "fake error " + self.argument)

    def answer_429(self):
        self.error(429, "slow down", ("Retry-After", self.argument))

    def answer_429_date(self):
        self.error(429, "slow down", ("Retry-After", formatdate(time.time() + float(self.argument), usegmt=True)))

    def answer_quota(self):
        self.error(429, "You exceeded your current quota", kind="insufficient_quota")

    def answer_echo_key(self):
        self.error(401, "Incorrect API key provided: " + self.key())

    def answer_echo_key_reply(self):
        self.send(200, self.reply(["your key is " + self.key()]))

    def answer_redirect(self):
        self.send(307, b"", ("Location", "/elsewhere"))

    def answer_hang(self):
        threading.Event().wait()

    def answer_drip(self):
        body = self.reply()
        self.send_raw(self.head(f"Content-Length: {len(body)}"))
        self.send_raw(*[body[i:i + 1] for i in range(len(body))], pause=float(self.argument))

    def answer_drip_head(self):
        head = self.head("Content-Length: 0")
        self.send_raw(*[head[i:i + 1] for i in range(len(head))], pause=float(self.argument))

    def answer_close(self):
        pass

    def answer_garbage(self):
        self.send_raw(b"\x00\x01\x02 this is not HTTP\n" * 10)

    def answer_long_status(self):
        self.send_raw(b"HTTP/1.1 200 " + b"x" * int(self.argument) + b"\r\nContent-Length: 0\r\n\r\n")

    def answer_long_head(self):
        self.send_raw(self.head(*["X-Filler: " + "x" * 88] * (int(self.argument) // 100), "Content-Length: 0"))

    def answer_cut(self):
        body = self.reply()
        self.send(200, body[:len(body) // 2], length=len(body))

    def answer_cut_chunked(self):
        body = self.reply()
        self.send_raw(self.head("Transfer-Encoding: chunked"), b"%x\r\n%s\r\n" % (len(body), body))

    def answer_bad_chunked(self):
        body = self.reply()
        self.send_raw(self.head("Transfer-Encoding: chunked"), b"%x\r\n%s!!\r\n0\r\n\r\n" % (len(body), body))

    def answer_cut_gzip(self):
        body = gzip.compress(self.reply())
        self.send(200, body[:len(body) // 2], ("Content-Encoding", "gzip"))

    def answer_bad_length(self):
        self.send(200, self.reply(), length="many")

    def answer_huge_length(self):
        self.send(200, self.reply(), length=10**12)

    def answer_invalid_json(self):
        self.send(200, self.reply()[:-2])

    def answer_invalid_utf8(self):
        self.send(200, self.reply().replace(b'"fake"', b'"\xff\xfe"'))

    def answer_huge_number(self):
        self.send(200, b'{"choices": 1e999}')

    def answer_nul(self):
        self.send(200, self.reply(["a NUL: \0"]))

    def answer_no_choices(self):
        self.send(200, b'{"model": "fake"}')

    def answer_big(self):
        self.send(200, self.reply(["x" * int(self.argument)]))

    def answer_gzip_bomb(self):
        self.send(200, gzip_of(int(self.argument)), ("Content-Encoding", "gzip"))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.shared = Shared(options)
        self.tls = None
        if options.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*options.tls)

    def get_request(self):
        connection, address = super().get_request()
        if self.tls:  # the handshake happens in the request's own thread, at its first read
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def exit_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--replies")
    parser.add_argument("--by-request", action="store_true")
    parser.add_argument("--scenario", default="ok")
    parser.add_argument("--log")
    parser.add_argument("--announce", action="store_true")
    parser.add_argument("--delay")
    parser.add_argument("--most-choices", type=int, default=1000)
    parser.add_argument("--no-tunnel", action="store_true")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    server = Server(parser.parse_args())
    threading.Thread(target=exit_with_parent, daemon=True).start()
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
