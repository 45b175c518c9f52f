"""The ways of running a gate, with a real Postfix before it: dry run, people, allow list, notice page, reload, end.

The five treatments are in policies.py; here is what lies around them.
"""

import json, quopri, stat, urllib.error, urllib.request
from harness import *

GROUP = '[[group]]\nname = "protected"\nrecipients = ["chair@parl.example"]\npolicy = { medium = "quarantine" }\n'
ALLOW = '[[allow]]\n%s\nreason = "press review"\nexpires = "%s"\nunproven = true\n'
CHAIR = ("chair@parl.example",)


class Tour:
    def __init__(self):
        self.base, self.door, self.sink, self.count = folder(), port(), Sink(), 0
        self.postfix = Postfix(self.base / "postfix", f"smtp:[127.0.0.1]:{self.sink.port}", milter=self.door,
                               options={"smtpd_authorized_xclient_hosts": "127.0.0.0/8"})
        self.gate = Gate(self.base, milter=self.door, release=self.postfix.port)
        self.plain = self.gate.config.read_text()
        self.gate.start()
        self.postfix.start()

    def set(self, extra="", head="", taken=True):
        """Another configuration, by SIGHUP; waits until the log says what became of it."""
        said = "was taken over" if taken else "the old one stays"
        before = self.log().count(said)
        self.gate.config.write_text(head + self.plain + extra)
        self.gate.reload()
        end = time.time() + 20
        while self.log().count(said) == before:
            assert time.time() < end, self.log()[-2000:]
            time.sleep(0.02)

    def log(self):
        return (self.base / "gate.log").read_text()

    def send(self, treatment, to=("mp@parl.example",), arrives=True):
        """Sends a message; the answer's code, what was sent and what arrived."""
        self.count += 1
        unique = f"tour{self.count}"
        raw = message(treatment, unique)
        code = send(self.postfix.port, unique, raw, to)
        got = self.sink.wait(f"{unique}@press.example", 20 if arrives else 2)
        assert bool(got) == arrives, (treatment, got)
        return code, raw, got and got[2]

    def page(self, address, path):
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, {}, error.read().decode()


def dry_run(tour):
    tour.set(head="dry_run = true\n")
    for treatment in ["tag", "neutralise", "quarantine", "reject"]:
        code, raw, got = tour.send(treatment)
        assert code == 250 and got.endswith(raw) and b"X-Portcullis" not in got, got
    assert "quarantine for mp@parl.example" in tour.log()
    assert not tour.gate.quarantine("list", "--format", "json").stdout


def protected(tour):
    tour.set(GROUP)
    tour.send("tag", CHAIR, arrives=False)
    assert b"medium; tagged" in tour.send("tag")[2]


def allow_list(tour):
    tour.set(ALLOW % ('domain = "press.example"', "2099-12-31"))
    _, raw, got = tour.send("quarantine")
    assert got.endswith(raw)
    tour.set(ALLOW % ('domain = "press.example"', "2020-12-31"))
    assert "expired on 2020-12-31" in tour.log()
    tour.send("quarantine", arrives=False)
    # Whoever only says to be of that domain is not let through.
    tour.set((ALLOW % ('domain = "press.example"', "2099-12-31")).replace("unproven = true\n", ""))
    tour.send("quarantine", arrives=False)


def notice_page(tour):
    key = tour.base / "notice.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
                   check=True, capture_output=True)
    tour.set(f'[notice]\nurl = "https://gate.parl.example/notice"\nkey = "{key}"\n')
    got = quopri.decodestring(tour.send("neutralise")[2])
    assert b"https://gate.parl.example/notice#v1." in got and b"https://press.example/read?t=" not in got, got
    status, headers, body = tour.page(f"127.0.0.1:{tour.gate.http}", "/notice")
    assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"], (status, headers)
    assert "http://" not in body.replace("http://www.w3.org", ""), body


def reload_keeps_what_it_can(tour):
    with smtplib.SMTP("127.0.0.1", tour.postfix.port) as client:
        client.ehlo("client.example")
        client.mail("open@press.example", ["BODY=8BITMIME"])
        client.rcpt("mp@parl.example")
        tour.set(head="dry_run = true\n")
        tour.set("[policy]\nlow = 5\n", taken=False)
        # A connection keeps what it began with in the middle of a message, and is not dropped.
        assert client.data(message("pass", "open"))[0] == 250
    assert tour.sink.wait("open@press.example")
    assert tour.send("quarantine")[2], "the last good configuration counts"


def sealed(tour):
    # What nobody can look into is not changed: kept back, or tagged where the policy says so.
    raw = message("neutralise", "sealed").replace(b"text/html; charset=utf-8", b"application/pkcs7-mime; smime-type=enveloped-data")
    tour.set()
    assert send(tour.postfix.port, "sealed", raw) == 250
    assert tour.sink.wait("sealed@press.example", 2) is None
    tour.plain = tour.plain.replace('low = "reject"\n', 'low = "reject"\nsealed = "tag"\n')
    tour.set()
    tour.plain = tour.plain.replace('sealed = "tag"\n', "")
    raw = raw.replace(b"sealed", b"tagged")
    assert send(tour.postfix.port, "tagged", raw) == 250
    got = tour.sink.wait("tagged@press.example")
    assert got and got[2].endswith(raw.split(b"\r\n\r\n", 1)[1]) and b"X-Portcullis-Verdict: high;" in got[2], got


def kept_rejects(tour):
    tour.plain = tour.plain.replace('low = "reject"\n', 'low = "reject"\nkeep_rejected = true\n')
    tour.set()
    tour.plain = tour.plain.replace("keep_rejected = true\n", "")
    assert tour.send("reject", arrives=False)[0] == 550
    held = [json.loads(line) for line in tour.gate.quarantine("list", "--format", "json").stdout.splitlines()]
    assert held[0]["why"] == "rejected", held[:1]


def watching(tour):
    tour.set()
    tour.send("tag")
    at = f"127.0.0.1:{tour.gate.http}"
    assert tour.page(at, "/live")[0] == tour.page(at, "/ready")[0] == 200
    text = tour.page(at, "/metrics")[2]
    for name in ["tag", "quarantine", "neutralise", "reject", "dry-run", "milter"]:
        assert f'"{name}"' in text, (name, text)
    assert re.search(r"reloads\w*(\{[^}]*\})? [1-9]", text), text


def owner_alone(tour):
    for path in [tour.base / "quarantine", *(tour.base / "quarantine").rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))
    assert (tour.base / "quarantine" / "history.sqlite").exists()
    if subprocess.run(["setpriv", "--version"], capture_output=True).returncode == 0:
        other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", tour.base / "quarantine"]
        assert subprocess.run(other, capture_output=True).returncode != 0, "others may look in"


def reading_is_written_down(tour):
    held = json.loads(tour.gate.quarantine("list", "--format", "json").stdout.splitlines()[0])
    tour.gate.quarantine("show", held["id"], "--raw")
    acts = json.loads(tour.gate.quarantine("show", held["id"], "--format", "json").stdout)["acts"]
    assert any(act["what"] == "read" and act["note"] == "" and act["who"] for act in acts), acts


def no_text_in_the_log(tour):
    log = tour.log()
    assert "img.press.example" not in log and "Gr\u00fc\u00dfe" not in log and "Subject" not in log


def end(tour):
    tour.set()
    with smtplib.SMTP("127.0.0.1", tour.postfix.port) as client:
        client.ehlo("client.example")
        client.mail("last@press.example", ["BODY=8BITMIME"])
        client.rcpt("mp@parl.example")
        tour.gate.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        # Postfix tells a milter of the envelope when the text comes, so that there may be nothing open yet.
        code = client.data(message("pass", "last"))[0]
    assert tour.gate.process.wait(60) == 0
    assert bool(tour.sink.wait("last@press.example", 20 if code == 250 else 2)) == (code == 250), code
    assert code == 250 or code // 100 == 4, code
    # While nobody is at the door, mail stays with its sender; then it comes.
    code, raw = send(tour.postfix.port, "away", message("pass", "away")), message("pass", "away")
    assert code // 100 == 4, code
    tour.gate.start()
    assert send(tour.postfix.port, "away", raw) == 250 and tour.sink.wait("away@press.example")
    tour.gate.stop()


tour = Tour()
try:
    for step in [dry_run, protected, allow_list, notice_page, reload_keeps_what_it_can, sealed, kept_rejects, watching,
                 owner_alone, reading_is_written_down, no_text_in_the_log, end]:
        step(tour)
        print(f"{step.__name__.replace('_', ' '):28} ok")
finally:
    tour.postfix.stop()
    if tour.gate.process.poll() is None:
        tour.gate.kill()
shutil.rmtree(tour.base)
