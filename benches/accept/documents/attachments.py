"""Takes the attachments out of messages, with Python's own reader of mail, named after their message.

attachments.py MESSAGES OUT
"""

import email
import email.policy
import sys
from pathlib import Path


def main(messages, out):
    out = Path(out)
    out.mkdir(parents=True)
    for path in sorted(Path(messages).glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for part in message.walk():
            if part.get_filename():
                data = part.get_payload(decode=True)
                (out / (path.stem + Path(part.get_filename()).suffix)).write_bytes(data)


main(*sys.argv[1:])
