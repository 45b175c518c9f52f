// Answers of a name server (RFC 1035): every name below .test has an address of its own on this machine.

const addresses = new Map();
const names = new Map();

/** The address of `name`, the same each time. */
export const addressOf = (name) => {
  if (!addresses.has(name)) {
    const number = addresses.size + 1;
    const address = [127, 77, number >> 8, number & 255];
    addresses.set(name, address);
    names.set(address.join("."), name);
  }
  return addresses.get(name);
};

/** Whose address it is. */
addressOf.byAddress = (address) => names.get((address ?? "").replace(/^::ffff:/, ""));

const A = 1;

/** The name that `query` asks for, and the reply. */
export const answer = (query) => {
  const labels = [];
  let at = 12;
  while (query[at]) {
    labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  const name = labels.join(".").toLowerCase();
  const kind = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const ours = name.endsWith(".test");
  const found = ours && kind === A;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  // A response, recursion wanted and there; no such name where it is not ours.
  head.writeUInt16BE(0x8180 | (ours ? 0 : 3), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const record = found ? Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...addressOf(name)]) : Buffer.alloc(0);
  // Asked for its services as well (RFC 9460), by port and scheme before the name.
  return { name: name.replace(/^_\d+\._\w+\./, ""), reply: Buffer.concat([head, question, record]) };
};
