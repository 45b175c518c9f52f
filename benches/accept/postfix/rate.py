"""Messages a second of one Postfix without and with the gate and its own rules, by smtp-source over 50 connections.

Exit code 1: with the gate less than half of what the same Postfix takes alone.
"""

import sys
from harness import *

COUNT = int(os.environ.get("COUNT", "5000"))
SESSIONS = int(os.environ.get("SESSIONS", "50"))


def measure(mode):
    base = folder()
    door, again = port(), port()
    postfix = gate = None
    try:
        options = {"milter": {"milter": door}, "proxy": {"proxy": door, "reinject": again}}.get(mode, {})
        # What was taken is thrown away: the door is measured, not the way on.
        postfix = Postfix(base / "postfix", "discard:", **options)
        if mode == "milter":
            gate = Gate(base, milter=door, builtin=True)
        elif mode == "proxy":
            gate = Gate(base, smtp=door, next_hop=again, builtin=True)
        if gate:
            gate.start()
        postfix.start()
        # A page with a picture and a link, as most mail has.
        text = base / "message"
        body = "<p>Dear colleague, this is what we wrote of in March.</p>\r\n" * 60
        text.write_bytes(message("pass", "rate", body + '<img src="https://img.press.example/logo.png">'))
        source = ["smtp-source", "-s", str(SESSIONS), "-F", str(text), "-f", "a@press.example", "-t", "mp@parl.example"]
        subprocess.run([*source, "-m", "200", f"inet:127.0.0.1:{postfix.port}"], check=True)
        began = time.time()
        subprocess.run([*source, "-m", str(COUNT), f"inet:127.0.0.1:{postfix.port}"], check=True)
        rate = COUNT / (time.time() - began)
        if gate:
            gate.stop()
        return rate
    finally:
        if postfix:
            postfix.stop()
        if gate and gate.process.poll() is None:
            gate.kill()
        shutil.rmtree(base, ignore_errors=True)


alone = measure("alone")
print(f"Postfix alone: {alone:.0f} messages a second over {SESSIONS} connections")
parts = {}
for mode in sys.argv[1:] or ["milter", "proxy"]:
    rate = measure(mode)
    parts[mode] = rate / alone
    print(f"{mode:7} with the gate: {rate:.0f} messages a second, {parts[mode]:.2f} of Postfix alone")
print("of Postfix alone: " + ", ".join(f"{part:.2f} as {mode}" for mode, part in parts.items()))
sys.exit(min(parts.values()) < 0.5)
