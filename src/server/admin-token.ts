import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'admin-token';

export const adminTokenPath = (stateDir: string): string => join(stateDir, FILE);

/** The token that lets its bearer submit and change things; `null` where no dispatcher has made one. */
export const readAdminToken = (stateDir: string): string | null => {
  try {
    const token = readFileSync(adminTokenPath(stateDir), 'utf8').trim();
    return token === '' ? null : token;
  } catch {
    return null;
  }
};

/** Reads the token, or makes one, in a file that only the dispatcher's user may read. */
export const ensureAdminToken = (stateDir: string): string => {
  const path = adminTokenPath(stateDir);
  const known = readAdminToken(stateDir);
  if (known !== null) {
    chmodSync(path, 0o600);
    return known;
  }
  const token = randomBytes(32).toString('hex');
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return token;
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes the same time whatever differs; hashing first makes the lengths equal. */
export const isToken = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token));

/** What only one who has the token can make of a nonce; tells nothing about the token. */
export const proofOf = (nonce: string, token: string): string =>
  createHmac('sha256', token).update(`dispatcher ${nonce}`).digest('hex');
