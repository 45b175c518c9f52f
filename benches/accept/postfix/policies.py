"""Every policy through a real Postfix: as a milter, before its queue, and over LMTP between it and a store."""

import json, sys
from harness import *


def check(mode):
    base = folder()
    sink = Sink(lmtp=mode == "lmtp")
    door, again = port(), port()
    stricter = "quarantine" if mode == "lmtp" else "neutralise"
    group = '[[group]]\nname = "protected"\nrecipients = ["chair@parl.example"]\npolicy = { medium = "%s" }\n' % stricter
    if mode == "milter":
        postfix = Postfix(base / "postfix", f"smtp:[127.0.0.1]:{sink.port}", milter=door)
        gate = Gate(base, milter=door, release=postfix.port, extra=group)
    elif mode == "proxy":
        postfix = Postfix(base / "postfix", f"smtp:[127.0.0.1]:{sink.port}", proxy=door, reinject=again)
        gate = Gate(base, smtp=door, next_hop=again, release=postfix.port, extra=group)
    else:
        postfix = Postfix(base / "postfix", f"lmtp:inet:127.0.0.1:{door}")
        gate = Gate(base, smtp=door, next_hop=sink.port, lmtp=True, release=postfix.port, extra=group)
    gate.start()
    postfix.start()
    try:
        for treatment in ["pass", "tag", "neutralise", "quarantine", "reject"]:
            unique, raw = f"{mode}-{treatment}", message(treatment, f"{mode}-{treatment}")
            code = send(postfix.port, unique, raw)
            # Over LMTP the refusal comes when Postfix has taken the message; it then tells the sender itself.
            assert code == (550 if treatment == "reject" and mode != "lmtp" else 250) or code // 100 == 5 and treatment == "reject", (treatment, code)
            sender = f"{unique}@press.example"
            got = sink.wait(sender, 3 if treatment in ("quarantine", "reject") else 20)
            held = [json.loads(line) for line in gate.quarantine("list", "--format", "json").stdout.splitlines()]
            held = [entry for entry in held if entry["mail_from"] == sender]
            if treatment == "pass":
                assert got[2].endswith(raw), "clean mail is not byte for byte what was sent"
                assert not held
            elif treatment == "tag":
                assert got[2].endswith(raw) and b"X-Portcullis-Verdict: medium; tagged" in got[2], got[2]
            elif treatment == "neutralise":
                assert b"img.press.example/o?t=" not in got[2] and b"X-Portcullis-Verdict: high; neutralised" in got[2], got[2]
                assert [entry["why"] for entry in held] == ["neutralised"], held
            elif treatment == "quarantine":
                assert got is None and [entry["why"] for entry in held] == ["quarantined"], (got, held)
                shown = gate.quarantine("show", held[0]["id"], "--raw").stdout
                assert shown.endswith(raw), "the original is not what was sent"
                done = gate.quarantine("release", held[0]["id"])
                assert done.returncode == 0, done.stderr
                got = sink.wait(sender)
                assert got and got[2].endswith(raw) and b"X-Portcullis-Release" not in got[2], got
                acts = json.loads(gate.quarantine("show", held[0]["id"], "--format", "json").stdout)
                assert acts["state"] == "released" and {"read", "release"} <= {act["what"] for act in acts["acts"]}, acts
            else:
                assert got is None and not held, (got, held)
            print(f"{mode:7} {treatment:11} ok")
        if mode != "lmtp":
            # The protected are taken off and served a changed copy of their own.
            raw = message("tag", "mixed")
            assert send(postfix.port, "mixed", raw, ["mp@parl.example", "chair@parl.example"]) == 250
            end = time.time() + 20
            copies = {}
            while len(copies) < 2 and time.time() < end:
                time.sleep(0.1)
                with sink.lock:
                    copies = {to: data for sender, all_of, data in sink.got if sender == "mixed@press.example" for to in all_of}
            assert b"medium; tagged" in copies["mp@parl.example"] and copies["mp@parl.example"].endswith(raw), copies
            chair = copies["chair@parl.example"]
            assert b"medium; neutralised" in chair and b"img.press.example/o?t=" not in chair, chair
            assert b"X-Portcullis-Release" not in chair, chair
            print(f"{mode:7} mixed       ok")
        else:
            raw = message("tag", "mixed")
            assert send(postfix.port, "mixed", raw, ["mp@parl.example", "chair@parl.example"]) == 250
            got = sink.wait("mixed@press.example")
            assert got[1] == ["mp@parl.example"] and b"medium; tagged" in got[2], got
            held = [json.loads(line) for line in gate.quarantine("list", "--format", "json").stdout.splitlines()]
            assert [e["recipients"] for e in held if e["mail_from"] == "mixed@press.example"] == [["chair@parl.example"]]
            print("lmtp    mixed       ok")
        gate.stop()
    finally:
        postfix.stop()
        if gate.process.poll() is None:
            gate.kill()
    shutil.rmtree(base)


for mode in sys.argv[1:] or ["milter", "proxy", "lmtp"]:
    check(mode)
