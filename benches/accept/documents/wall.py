"""Runs a program where there is no network but this: a counting one that reaches nobody.

unshare --map-root-user --mount --net python3 wall.py HOSTS PROGRAM…

In a network of its own, the only resolver gives every name this machine, on which a transparent proxy for HTTP
writes down each host that is asked for and gives a picture. Each lookup, connection that says nothing and
request adds a line to HOSTS. (A proxy that is set by name is not asked by LibreOffice 7.4 of Debian: it
then asks nobody at all, which would say nothing.)
"""

import base64
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
TYPES = {"css": ("text/css", b"p{color:red}")}
HOSTS, PROGRAM = sys.argv[1], sys.argv[2:]


def note(how, host):
    with open(HOSTS, "a") as hosts:
        hosts.write(f"{how} {host.lower()}\n")


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        host = urlsplit(self.path).hostname or self.headers.get("Host", "").rsplit(":", 1)[0]
        note(self.command, host)
        kind, body = TYPES.get(urlsplit(self.path).path.rsplit(".", 1)[-1], ("image/png", PICTURE))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self):
        note(self.command, self.headers.get("Host", "").rsplit(":", 1)[0])
        self.send_error(405)

    do_GET = do_HEAD = do_POST = answer
    do_CONNECT = do_OPTIONS = do_PROPFIND = do_PUT = do_LOCK = refuse

    def log_message(self, *_):
        pass


def resolve(server):
    while True:
        query, asker = server.recvfrom(4096)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        question, kind = query[12 : at + 5], struct.unpack_from("!H", query, at + 1)[0]
        note("lookup", ".".join(labels))
        found = kind == 1
        reply = query[:2] + struct.pack("!HHHHH", 0x8180, 1, found, 0, 0) + question
        if found:
            reply += struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1)
        server.sendto(reply, asker)


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        # SIOCSIFFLAGS: the loopback is up and running.
        fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("nameserver 127.0.0.1\n")
        conf.flush()
        subprocess.run(["mount", "--bind", conf.name, "/etc/resolv.conf"], check=True)
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind(("127.0.0.1", 53))
        threading.Thread(target=resolve, args=(names,), daemon=True).start()
        web = ThreadingHTTPServer(("0.0.0.0", 80), Handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        open(HOSTS, "a").close()
        status = subprocess.run(PROGRAM).returncode
    sys.stdout.flush()
    os._exit(status)


main()
