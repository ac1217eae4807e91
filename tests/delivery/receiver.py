#!/usr/bin/env python3
"""A receiver of alerts over http(s), for the tests: _bulk, Splunk's collector and a webhook.

receiver.py LOG SCRIPT [CERT KEY]: prints its port, then serves. SCRIPT is a comma list of how the
next requests are answered, then all as "ok":
  ok, partial (every second document 429), STATUS, STATUS+WAIT (Retry-After), lost (taken, but the
  connection closes without an answer), half (taken, half an answer), slow (taken, answered after
  5 s), garbage, huge (an answer without end), idle (answered, then the connection closes).
Bodies over 20,000 bytes get 413. Documents with "poison" in them are refused. LOG gets a JSON line
for each request and for each document that is taken.
"""
import gzip
import http.server
import json
import ssl
import sys
import threading
import time

log_path, script = sys.argv[1], [word for word in sys.argv[2].split(",") if word]
lock = threading.Lock()
stored = {}


def log(**what):
    with open(log_path, "a", encoding="utf-8") as out:
        out.write(json.dumps(what) + "\n")


def take(key, document):
    repeat = key in stored
    stored[key] = document
    log(stored=key, repeat=repeat)
    return repeat


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def bulk(self, body, partial):
        lines = body.decode().split("\n")
        items, errors = [], False
        for at in range(0, len(lines) - 1, 2):
            action, document = json.loads(lines[at])["create"], json.loads(lines[at + 1])
            if partial and at % 4 == 2:
                item = {"status": 429, "error": {"type": "es_rejected_execution_exception",
                                                 "reason": "queue full"}}
            elif "poison" in lines[at + 1]:
                item = {"status": 400, "error": {"type": "mapper_parsing_exception",
                                                 "reason": "failed to parse"}}
            else:
                item = {"status": 409 if take(action["_id"], document) else 201}
            errors = errors or item["status"] >= 400
            items.append({"create": item})
        return 200, json.dumps({"errors": errors, "items": items}).encode()

    def splunk(self, body):
        events = [json.loads(line) for line in body.decode().split("\n") if line]
        for number, event in enumerate(events):
            assert event["time"] > 1e9 and event["sourcetype"] == "doorward:alert"
            if "poison" in json.dumps(event):
                return 400, json.dumps({"text": "Invalid data format", "code": 6,
                                        "invalid-event-number": number}).encode()
            take(event["event"]["event"]["id"], event)
        return 200, b'{"text":"Success","code":0}'

    def webhook(self, body):
        text = body.decode()
        if "poison" in text:
            return 422, b"no"
        documents = json.loads(text) if text[0] == "[" else [
            json.loads(line) for line in text.split("\n") if line]
        for document in documents:
            take(document["event"]["id"], document)
        return 204, b""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        size = len(body)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with lock:
            how = script.pop(0) if script else "ok"
            log(request=self.path, how=how, bytes=size, agent=self.client_address[1],
                auth=self.headers.get("Authorization", ""), type=self.headers["Content-Type"],
                extra=self.headers.get("X-Team", ""))
            if how[0].isdigit():
                status, _, wait = how.partition("+")
                self.answer(int(status), b"come again", [("Retry-After", wait)] if wait else [])
                return
            if len(body) > 20000:
                self.answer(413, b"too large")
                return
            if how == "garbage":
                self.wfile.write(b"\x00\x01\x02 what is this\r\n\r\n")
                self.close_connection = True
                return
            if how == "huge":
                self.send_response(200)
                self.end_headers()
                try:
                    for _ in range(100):
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    pass
                self.close_connection = True
                return
            if "/_bulk" in self.path:
                status, answer = self.bulk(body, how == "partial")
            elif "/collector" in self.path:
                status, answer = self.splunk(body)
            else:
                status, answer = self.webhook(body)
        if how == "slow":
            time.sleep(5)
        if how == "lost":
            self.close_connection = True
            return
        if how == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + answer[:10])
            self.close_connection = True
            return
        try:
            self.answer(status, answer)
        except OSError:
            pass
        self.close_connection = how == "idle"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
