const LENGTH = 4;

/**
 * One command for the fork-server: a 32-bit length, then each field as a 32-bit length and its bytes
 * in UTF-8, big endian. Lengths instead of quoting: no text can be mistaken for structure.
 *
 * @example encodeCommand(['P', '17'])
 */
export const encodeCommand = (fields: readonly string[]): Buffer => {
  let size = 0;
  for (const field of fields) size += LENGTH + Buffer.byteLength(field);
  const frame = Buffer.allocUnsafe(LENGTH + size);
  let at = frame.writeUInt32BE(size, 0);
  for (const field of fields) {
    const length = frame.write(field, at + LENGTH);
    frame.writeUInt32BE(length, at);
    at += LENGTH + length;
  }
  return frame;
};
