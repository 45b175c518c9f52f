"""Clean mail through a real Postfix with the gate in its door: byte for byte, signatures hold, ARC sets verify.

Every message of the corpora and messages signed here go through Postfix alone, then with the gate as milter, before
the queue, and between Postfix and a store. What is to be expected is what was sent; where Postfix itself changes a
message, what Postfix alone delivers.
"""

import json, sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dkim
from harness import *

ID = "gate.parl.example"
CANON = [(a, b) for a in (b"simple", b"relaxed") for b in (b"simple", b"relaxed")]
TRACE = {"received", "authentication-results", "x-portcullis-verdict"}
# Nothing of Postfix's own that changes a message, and the client outside told by the sender.
OPTIONS = {
    "smtpd_authorized_xclient_hosts": "127.0.0.0/8", "smtp_line_length_limit": "0", "lmtp_line_length_limit": "0",
    "message_drop_headers": "", "lmtp_send_xforward_command": "yes", "smtp_send_xforward_command": "yes", "header_size_limit": "1000000",
    "disable_mime_output_conversion": "yes",
}


def keys(base):
    """Two keys: their PEM files, and the texts of the name system."""
    texts = {"press.example": "v=spf1 ip4:192.0.2.0/24 -all", "_dmarc.press.example": "v=DMARC1; p=none"}
    for name, places in {
        "press": ["clean._domainkey.press.example", "gate-neutralise._domainkey.press.example"],
        "arc": ["arc._domainkey.parl.example", "list._domainkey.lists.example"],
    }.items():
        pem = base / f"{name}.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", pem, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", pem, "-pubout"], check=True, capture_output=True, text=True)
        text = "v=DKIM1; k=rsa; p=" + "".join(public.stdout.splitlines()[1:-1])
        texts.update({place: text for place in places})
    return texts


def corpus(data):
    """The messages below `data`, as SMTP carries them; without the line that a mailbox puts first."""
    for path in sorted(Path(data).glob("*/*.txt")):
        raw = path.read_bytes()
        if raw.startswith(b"From "):
            raw = raw.split(b"\n", 1)[1]
        raw = re.sub(rb"\r\n|\r|\n", b"\r\n", raw.replace(b"\0", b""))
        yield f"{path.parent.name}/{path.name[:5]}", raw if raw.endswith(b"\r\n") else raw + b"\r\n"


MADE = {
    "plain": b"Content-Type: text/plain\r\n\r\nA line.\r\n.\r\n..\r\n\r\n\r\n",
    "empty": b"\r\n",
    "blank": b"Content-Type: text/plain\r\n\r\n  \t \r\na  b\t\r\n \r\n\r\n\r\n",
    "eight": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe \u20ac\r\n".encode(),
    "latin": b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n",
    "long": b"Content-Type: text/plain\r\n\r\n" + b"x" * 5000 + b"\r\nend\r\n",
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type:"
    b" application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\nepilogue\r\n",
    "folded": b"X-Long: a\r\n\tb\r\n   c  d\r\nX-Odd:no blank\r\nX-Empty:\r\nX-Blanks:   \r\n\r\ntext\r\n",
    "twice": b"X-Same: 1\r\nX-Same: 2\r\nComments:\r\n one\r\n\r\ntext\r\n",
}
HTML = (
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Dear colleague,</p>\r\n<img src=\"https://img.press"
    b".example/o?t=4f9a\" width=1 height=1>\r\n<a href=\"https://press.example/read?t=4f9a\">read</a></body></html>\r\n"
)


def head(name):
    return (
        f"From: Ann Writer <ann@press.example>\r\nTo: MP <mp@parl.example>\r\nSubject: {name}\r\nDate: Wed, 25 Mar 2026"
        f" 12:00:00 +0000\r\nMessage-ID: <{name}@press.example>\r\nMIME-Version: 1.0\r\n"
    ).encode()


def sign(raw, base, selector, canon):
    pem = (base / "press.pem").read_bytes()
    return dkim.sign(raw, selector, b"press.example", pem, canonicalize=canon) + raw


def listed(raw, base, sets):
    """As a list forwards it: `sets` ARC sets over what was signed."""
    pem = (base / "arc.pem").read_bytes()
    for number in range(sets):
        # dkimpy reads every result of the server that it seals for, so each set is of another.
        server = b"list%d.lists.example" % number
        results = b"; arc=%s; spf=pass smtp.mailfrom=press.example\r\n" % (b"pass" if number else b"none")
        raw = b"Authentication-Results: " + server + results + raw
        raw = b"".join(dkim.arc_sign(raw, b"list", b"lists.example", pem, server)) + raw
    return raw


def samples(base, data):
    """Name and bytes of every message; names of those with a signature begin so."""
    every = int(os.environ.get("SIGN_EVERY", "20"))
    for number, (name, raw) in enumerate(corpus(data)):
        yield name, raw
        if number % every == 0 and "ham" in name:
            yield f"signed {name}", sign(raw, base, b"clean", CANON[number // every % 4])
            yield f"hostile {name}", sign(raw, base, b"gate-neutralise", CANON[number // every % 4])
    for canon in CANON:
        for name, rest in MADE.items():
            name = f"{name}-{b'-'.join(canon).decode()}"
            yield f"signed {name}", sign(head(name) + rest, base, b"clean", canon)
        for sets in range(3):
            name = f"html-{sets}-{b'-'.join(canon).decode()}"
            yield f"hostile {name}", listed(sign(head(name) + HTML, base, b"gate-neutralise", canon), base, sets)
    ours = b"X-Portcullis-Verdict: none; forged\r\nAuthentication-Results: (x) Gate.Parl.Example; dkim=pass\r\n"
    yield "forged", ours + sign(head("forged") + MADE["plain"], base, b"clean", CANON[3])


class Setting:
    """One Postfix, with or without a gate, and all that arrived behind it."""

    def __init__(self, mode, base, names):
        self.mode, self.base = mode, base / mode
        self.sink, door, again = Sink(lmtp=mode == "lmtp"), port(), port()
        relay = f"smtp:[127.0.0.1]:{self.sink.port}"
        more = {"milter": {"milter": door}, "proxy": {"proxy": door, "reinject": again}}.get(mode, {})
        self.postfix = Postfix(self.base / "postfix", f"lmtp:inet:127.0.0.1:{door}" if mode == "lmtp" else relay,
                               options=OPTIONS, **more)
        self.gate = None
        if mode != "alone":
            doors = {"milter": door} if mode == "milter" else {
                "smtp": door, "next_hop": self.sink.port if mode == "lmtp" else again, "lmtp": mode == "lmtp"}
            extra = f'[arc]\ndomain = "parl.example"\nselector = "arc"\nkey = "{base}/arc.pem"\n'
            self.gate = Gate(self.base, head=f'id = "{ID}"\n', names=names, builtin=True, extra=extra, **doors)

    def run(self, all_of):
        """Sends everything; bytes by number of what arrived, numbers of what was kept back and of what was refused."""
        if self.gate:
            self.gate.start()
        self.postfix.start()
        try:
            lanes = [range(lane, len(all_of), 8) for lane in range(8)]
            with ThreadPoolExecutor(8) as pool:
                refused = {number: text for some in pool.map(lambda lane: self.send(lane, all_of), lanes) for number, text in some}
            end = time.time() + 120
            while self.postfix.waiting() and time.time() < end:
                time.sleep(0.5)
            assert not self.postfix.waiting(), "mail still waits in the queue of Postfix"
            held = {}
            if self.gate:
                lines = self.gate.quarantine("list", "--format", "json", "--limit", "0").stdout.splitlines()
                held = {self.number(entry["mail_from"]): entry for entry in map(json.loads, lines)}
                self.gate.stop()
            arrived = defaultdict(list)
            for sender, _, data in self.sink.got:
                if sender.startswith("c"):
                    arrived[self.number(sender)].append(data)
            return arrived, held, refused
        finally:
            self.postfix.stop()
            if self.gate and self.gate.process.poll() is None:
                self.gate.kill()

    @staticmethod
    def number(sender):
        return int(sender.split("@")[0][1:])

    def send(self, lane, all_of):
        refused = []
        client = smtplib.SMTP("127.0.0.1", self.postfix.port, timeout=120)
        client.ehlo("mx.press.example")
        client.docmd("XCLIENT", "ADDR=192.0.2.25 NAME=mx.press.example")
        client.ehlo("mx.press.example")
        for number in lane:
            try:
                client.sendmail(f"c{number}@press.example", ["mp@parl.example"], all_of[number][1], ["BODY=8BITMIME"])
            except smtplib.SMTPResponseException as error:
                refused.append((number, f"{error.smtp_code} {error.smtp_error.decode()}"))
                client.rset()
        client.quit()
        return refused


def fields(block):
    """The fields of a header block."""
    return re.findall(rb"[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", block)


def name_of(field):
    return field.split(b":")[0].decode("latin-1").strip().lower()


def rest(got):
    """A message without its trace fields and the id that Postfix gives one that has none."""
    return re.sub(rb"Message-Id: <\d{14}\.\w+@mx\.parl\.example>\r\n", b"", got[trace(got) :], count=1)


def trace(got):
    """How many bytes of trace fields stand above the rest."""
    length = 0
    for field in fields(got):
        if name_of(field) not in TRACE:
            break
        length += len(field)
    return length


def judge(setting, all_of, alone, names, out):
    arrived, held, refused = setting.run(all_of)
    mode, seen, prepended, wrong = setting.mode, Counter(), Counter(), []
    for number, (name, sent) in enumerate(all_of):
        got = arrived.get(number, [])
        if number in refused:
            seen["refused"] += 1
            if number not in alone[2]:
                wrong.append((name, "refused by the gate alone", refused[number]))
            continue
        if not got:
            seen["quarantined"] += 1
            if held.get(number, {}).get("why") != "quarantined" or name.startswith("signed"):
                wrong.append((name, "neither delivered nor quarantined", held.get(number)))
            continue
        if len(got) > 1:
            wrong.append((name, "delivered twice", ""))
        got, above = got[0], b""
        if got.endswith(sent):
            above, kind = got[: -len(sent)], "as sent"
        elif name == "forged" and got.endswith(sent.split(b"\r\n", 2)[2]):
            above, kind = got[: -len(sent.split(b"\r\n", 2)[2])], "without the forged fields"
        elif number in alone[0] and rest(got) == rest(alone[0][number][0]):
            above, kind = got[: trace(got)], "as Postfix alone delivers"
        else:
            kind = "changed"
        own = [name_of(field) for field in fields(above)]
        if set(own) - TRACE:
            wrong.append((name, "more than trace fields were added", own))
        prepended.update(own)
        seen[kind] += 1
        if kind == "changed":
            verdict = b"; neutralised;" in got and got.count(b"\r\nX-Portcullis-Verdict:") + got.startswith(b"X-Portcullis-Verdict:") == 1
            state, _, why = dkim.arc_verify(got, dnsfunc=names.ask)
            seen[f"ARC {state.decode()}"] += 1
            if not verdict or state != b"pass" or held.get(number, {}).get("why") != "neutralised":
                wrong.append((name, "changed", (verdict, state, why)))
            (out / f"arc-{mode}-{number}.eml").write_bytes(got)
        elif name.startswith("signed") or name == "forged":
            holds = dkim.verify(got, dnsfunc=names.ask)
            seen["DKIM pass" if holds else "DKIM broken"] += 1
            if not holds or b"dkim=pass header.d=press.example" not in above:
                wrong.append((name, "the signature does not hold", above))
            # mail-auth 0.13 keeps lines of blanks at the end of a relaxed body, against RFC 6376, 3.4.4; the gate does not.
            if not re.search("blank-.*-relaxed", name):
                (out / f"dkim-{mode}-{number}.eml").write_bytes(got)
    print(f"{mode:7} {', '.join(f'{count} {kind}' for kind, count in sorted(seen.items()))}; "
          f"prepended {', '.join(f'{count} {name}' for name, count in sorted(prepended.items()))}")
    for one in wrong[:10]:
        print("  wrong:", *one)
    return seen, len(wrong)


base, out, data = folder(), Path(sys.argv[1]), sys.argv[2]
TEXTS = keys(base)
names = Names(TEXTS)
all_of = list(samples(base, data))[:: int(os.environ.get("STEP", "1"))]
alone = Setting("alone", base, names).run(all_of)
print(f"alone   {len(alone[0])} delivered, {len(alone[2])} refused")
total, wrong = Counter(), 0
for mode in sys.argv[3:] or ["milter", "proxy", "lmtp"]:
    seen, bad = judge(Setting(mode, base, names), all_of, alone, names, out)
    total, wrong = total + seen, wrong + bad
# The judge of the library that Rust has, on the same files and names.
verifier = subprocess.run([os.environ["VERIFIER"], names.address, out], capture_output=True, text=True)
print(verifier.stdout, end="")
wrong += verifier.returncode != 0
shutil.rmtree(base)
clean = total["as sent"] + total["as Postfix alone delivers"] + total["without the forged fields"]
print(f"{clean} deliveries of clean mail byte for byte below trace fields ({total['as Postfix alone delivers']} of them "
      f"as Postfix alone rewrites them); DKIM holds on {total['DKIM pass']} of {total['DKIM pass'] + total['DKIM broken']} "
      f"signed; ARC verifies on {total['ARC pass']} of {total['changed']} changed by dkimpy; {wrong} wrong")
sys.exit(wrong > 0)
