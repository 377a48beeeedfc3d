#!/usr/bin/python3
"""A portal that speaks HTTP/2 and breaks off where it is told to.

    h2portal.py CERTIFICATE KEY STEP HOW

STEP is password or code (the POST on which it happens) or get (after the answer to GET /login); HOW:

    goaway     GOAWAY that says the POST was not handled (it was read), then closes
    handled    GOAWAY that says it was, then closes without an answer
    refused    RST_STREAM with REFUSED_STREAM: "it is safe to try again", says the protocol
    internal   RST_STREAM with INTERNAL_ERROR
    close      closes
    half       the head of an answer and part of its body, then closes
    idle       answers, then says GOAWAY and closes

Prints the port, then a line for each request that arrived whole: "h2 METHOD PATH BODY"."""
import socket
import ssl
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.errors

LOGIN = b"<form id=signin method=post action=/login><input name=username><input type=password name=password></form>"
CODE = b"<form id=mfa method=post action=/mfa><input name=code></form>"
PAGES = {("GET", "/login"): ("text/html", LOGIN), ("POST", "/login"): ("text/html", CODE),
         ("POST", "/mfa"): ("text/html", b"<p id=home>in</p>"),
         ("GET", "/api"): ("application/json", b'{"meters":[{"account":"1","serial":"S1"}]}')}
STEPS = {("GET", "/login"): "get", ("POST", "/login"): "password", ("POST", "/mfa"): "code"}
CODES = h2.errors.ErrorCodes


class Peer:
    def __init__(self, sock, step, how):
        self.sock, self.step, self.how = sock, step, how
        self.h2 = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.requests = {}

    def run(self):
        self.h2.initiate_connection()
        self.flush()
        while True:
            data = self.sock.recv(65536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.requests[event.stream_id] = (dict(event.headers), [])
                elif isinstance(event, h2.events.DataReceived):
                    self.requests[event.stream_id][1].append(event.data)
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded) and not self.whole(event.stream_id):
                    return
            self.flush()

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def answer(self, stream, kind, body, part=None):
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", kind), ("content-length", str(len(body)))])
        self.h2.send_data(stream, body if part is None else body[:part], end_stream=part is None)

    def whole(self, stream):
        """One request; False where the connection is over."""
        headers, parts = self.requests.pop(stream)
        which = (headers[":method"], headers[":path"])
        print("h2 %s %s %s" % (*which, b"".join(parts).decode()), flush=True)
        kind, body = PAGES[which]
        if STEPS.get(which) != self.step:
            self.answer(stream, kind, body)
            return True
        return self.break_off(stream, kind, body)

    def break_off(self, stream, kind, body):
        if self.how in ("refused", "internal"):
            self.h2.reset_stream(stream, CODES.REFUSED_STREAM if self.how == "refused" else CODES.INTERNAL_ERROR)
            return True
        if self.how in ("half", "idle"):
            self.answer(stream, kind, body, 10 if self.how == "half" else None)
        if self.how in ("goaway", "handled", "idle"):
            self.h2.close_connection(CODES.NO_ERROR, last_stream_id=stream - 2 if self.how == "goaway" else stream)
        self.flush()
        if self.how == "idle":
            self.leave()
        return False

    def leave(self):
        """Closes so that what was said still arrives: with bytes unread, a close would be a reset."""
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(65536):
            pass


def converse(context, raw, step, how):
    try:
        with context.wrap_socket(raw, server_side=True) as sock:
            if sock.selected_alpn_protocol() != "h2":
                print("not h2", flush=True)
                return
            Peer(sock, step, how).run()
    except (OSError, h2.exceptions.ProtocolError):
        pass


def main():
    certificate, key, step, how = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            raw, _ = server.accept()
            threading.Thread(target=converse, args=(context, raw, step, how), daemon=True).start()


if __name__ == "__main__":
    main()
