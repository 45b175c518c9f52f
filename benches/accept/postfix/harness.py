"""A Postfix of its own on loopback, a sink behind it and a gate in its door, all below one folder."""

import os, random, re, shutil, signal, smtplib, socket, socketserver, struct, subprocess, tempfile, threading, time
from pathlib import Path

PROGRAM = os.environ.get("PORTCULLIS", "target/release/portcullis")
LEVELS = {"tag": "medium", "neutralise": "high", "quarantine": "critical", "reject": "low"}


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink:
    """Takes every message over SMTP or LMTP and keeps envelope and bytes."""

    def __init__(self, lmtp=False):
        self.got, self.lock = [], threading.Lock()
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                say = lambda text: (self.wfile.write(text.encode() + b"\r\n"), self.wfile.flush())
                say("220 sink")
                sender, to = "", []
                while line := self.rfile.readline():
                    word = line[:4].upper()
                    if word in (b"EHLO", b"LHLO"):
                        say("250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-XFORWARD NAME ADDR PROTO HELO SOURCE\r\n250 PIPELINING")
                    elif word == b"MAIL":
                        sender, to = re.search(rb"<(.*?)>", line)[1].decode(), []
                        say("250 ok")
                    elif word == b"RCPT":
                        to.append(re.search(rb"<(.*?)>", line)[1].decode())
                        say("250 ok")
                    elif word == b"DATA":
                        say("354 go")
                        data = b""
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            data += line[1:] if line.startswith(b".") else line
                        if line:
                            with sink.lock:
                                sink.got.append((sender, list(to), data))
                            for _ in to if lmtp else [0]:
                                say("250 taken")
                    elif word == b"QUIT":
                        say("221 bye")
                        return
                    else:
                        say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 512

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, sender, seconds=20):
        """The first message of that envelope sender, or None."""
        end = time.time() + seconds
        while time.time() < end:
            with self.lock:
                for one in self.got:
                    if one[0] == sender:
                        return one
            time.sleep(0.05)
        return None


class Names:
    """A name server on loopback that knows texts alone: everything else is not there."""

    def __init__(self, texts):
        self.texts = {name.lower().rstrip("."): text for name, text in texts.items()}
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                sock.sendto(names.answer(data), self.client_address)

        self.server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, data):
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        question, kind = data[12 : at + 5], struct.unpack(">H", data[at + 1 : at + 3])[0]
        text = self.texts.get(".".join(labels).lower())
        found = text is not None and kind == 16
        flags = 0x8580 if text is not None else 0x8583
        out = data[:2] + struct.pack(">5H", flags, 1, int(found), 0, 0) + question
        if found:
            pieces = [text[at : at + 255].encode() for at in range(0, len(text), 255)] or [b""]
            value = b"".join(bytes([len(piece)]) + piece for piece in pieces)
            out += struct.pack(">3HLH", 0xC00C, 16, 1, 60, len(value)) + value
        return out

    def ask(self, name, timeout=5):
        """As dkimpy asks: the text of a name, or None."""
        text = self.texts.get(name.decode().lower().rstrip("."))
        return None if text is None else text.encode()


class Gate:
    """A gate with the rules that [`message`] is made for; `builtin` adds the program's own and takes its policy.

    `head` comes before the first table of the configuration, `extra` after the last.
    """

    def __init__(self, folder, milter=None, smtp=None, next_hop=None, lmtp=False, release=None, extra="",
                 head="", names=None, builtin=False):
        self.folder = Path(folder)
        rules = self.folder / "rules"
        rules.mkdir(parents=True, exist_ok=True)
        for number, (treatment, level) in enumerate(LEVELS.items()):
            (rules / f"{treatment}.yml").write_text(
                f"title: Test {treatment}\nid: 00000000-0000-4000-8000-00000000000{number}\nstatus: test\n"
                "description: A signature by this selector, as the test sends it.\nlogsource:\n    product: mail\n"
                f"    category: mail\ndetection:\n    selection:\n        mail.dkim.selector: gate-{treatment}\n"
                f"    condition: selection\nlevel: {level}\n"
            )
        self.http = port()
        text = head + (f'[dns]\nservers = ["{names.address}"]\n' if names else "[dns]\noff = true\n")
        text += '[institution]\ndomains = ["parl.example"]\n'
        text += "" if builtin else '[policy]\nlow = "reject"\n'
        text += f'[rules]\nbuiltin = {str(builtin).lower()}\npaths = ["rules"]\n[quarantine]\ndir = "quarantine"\n'
        text += f'[http]\nlisten = "127.0.0.1:{self.http}"\n'
        if milter:
            text += f'[[milter]]\nlisten = "127.0.0.1:{milter}"\n'
        if smtp:
            text += f'[[smtp]]\nlisten = "127.0.0.1:{smtp}"\nnext_hop = "127.0.0.1:{next_hop}"\n'
            text += f"lmtp = {str(lmtp).lower()}\n"
        if release:
            text += f'[release]\nnext_hop = "127.0.0.1:{release}"\n'
        self.config = self.folder / "gate.toml"
        self.config.write_text(text + extra)
        self.log = open(self.folder / "gate.log", "ab")
        self.process = None

    def start(self):
        command = [PROGRAM, "gate", "--config", str(self.config), "--log", "json"]
        self.process = subprocess.Popen(command, stderr=self.log)
        self.until_ready()

    def until_ready(self, seconds=30):
        end = time.time() + seconds
        while time.time() < end:
            try:
                with socket.create_connection(("127.0.0.1", self.http), 1) as s:
                    s.sendall(b"GET /ready HTTP/1.1\r\n\r\n")
                    if b" 200 " in s.recv(200):
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise SystemExit(f"the gate ended: see {self.folder}/gate.log\n" + (self.folder / "gate.log").read_text()[-2000:])
            time.sleep(0.02)
        raise SystemExit("the gate was not ready in time")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(60) == 0, "the gate did not drain"

    def quarantine(self, *args):
        command = [PROGRAM, "quarantine", "--config", str(self.config), *args]
        return subprocess.run(command, capture_output=True)


class Postfix:
    def __init__(self, folder, relay, milter=None, proxy=None, reinject=None, options=()):
        self.folder = Path(folder)
        self.port = port()
        etc, queue, data = (self.folder / name for name in ("etc", "queue", "data"))
        for path in (etc, queue, data):
            path.mkdir(parents=True, exist_ok=True)
        shutil.chown(data, "postfix")
        extra, options = dict(options), {
            "compatibility_level": "3.6", "queue_directory": queue, "data_directory": data,
            "command_directory": "/usr/sbin", "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix", "setgid_group": "postdrop", "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "myhostname": "mx.parl.example", "mydestination": "",
            "relay_domains": "parl.example", "relay_transport": relay, "default_transport": "error",
            "smtp_dns_support_level": "disabled", "mynetworks": "127.0.0.0/8", "alias_maps": "",
            "local_recipient_maps": "", "maillog_file": self.folder / "postfix.log",
            "maillog_file_prefixes": self.folder, "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0", "minimal_backoff_time": "5s", "maximal_backoff_time": "10s",
            "queue_run_delay": "5s", "milter_default_action": "tempfail", "milter_protocol": "6",
            "default_process_limit": "120", "transport_retry_time": "2s", "smtp_connection_cache_on_demand": "yes",
            "smtputf8_enable": "yes", "notify_classes": "",
        }
        options.update(extra)
        if milter:
            options["smtpd_milters"] = f"inet:127.0.0.1:{milter}"
        (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in options.items()))
        door = f"127.0.0.1:{self.port} inet n - n - - smtpd\n"
        if proxy:
            door += f"  -o smtpd_proxy_filter=127.0.0.1:{proxy}\n"
            door += f"127.0.0.1:{reinject} inet n - n - - smtpd\n  -o smtpd_authorized_xforward_hosts=127.0.0.0/8\n"
            door += "  -o smtpd_milters=\n"
        master = door + """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
        (etc / "master.cf").write_text(master)
        self.etc = etc

    def command(self, *args):
        return subprocess.run(["postfix", "-c", str(self.etc), *args], capture_output=True, text=True)

    def start(self):
        done = self.command("start")
        if done.returncode:
            raise SystemExit(f"Postfix did not start: {done.stderr}")
        end = time.time() + 20
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("Postfix does not answer")

    def waiting(self):
        """How many messages lie in its queue."""
        done = subprocess.run(["postqueue", "-c", str(self.etc), "-j"], capture_output=True, text=True)
        return len(done.stdout.splitlines())

    def flush(self):
        subprocess.run(["postqueue", "-c", str(self.etc), "-f"], capture_output=True)

    def stop(self):
        self.command("stop")


def folder():
    made = tempfile.mkdtemp(prefix="portcullis-postfix-")
    os.chmod(made, 0o755)
    return Path(made)


def message(treatment, unique, body=None):
    """A message that the test's rules treat in that way; `pass` is clean."""
    signed = ""
    if treatment != "pass":
        signed = f"DKIM-Signature: v=1; a=rsa-sha256; d=press.example; s=gate-{treatment}; h=from; bh=AA; b=AA\r\n"
    body = body or (
        "<html><body><p>Gr\u00fc\u00dfe</p><img src=\"https://img.press.example/o?t=%s\" width=1 height=1>"
        "<a href=\"https://press.example/read?t=%s\">read</a></body></html>" % (unique, unique)
    )
    text = (
        f"{signed}From: Ann Writer <{unique}@press.example>\r\nTo: mp@parl.example\r\nSubject: {treatment} {unique}\r\n"
        f"Date: Wed, 25 Mar 2026 12:00:00 +0000\r\nMessage-ID: <{unique}@press.example>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n.dot\r\n"
    )
    return text.encode()


def send(port, unique, raw, to=("mp@parl.example",)):
    """Hands a message over; the code of the last answer."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.ehlo("client.example")
            options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
            client.sendmail(f"{unique}@press.example", list(to), raw, mail_options=options)
        return 250
    except smtplib.SMTPDataError as error:
        return error.smtp_code
    except smtplib.SMTPSenderRefused as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except (smtplib.SMTPException, OSError):
        return 421
