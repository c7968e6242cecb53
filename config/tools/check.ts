/** `npm run check`: every part at once, a line each, and the whole output of those that fail. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkParts, commandOf, type CheckPart } from './check-parts.ts';

const root = join(import.meta.dirname, '..', '..');

const run = async (part: CheckPart): Promise<boolean> => {
  const { file, args, env } = commandOf(root, part);
  const begun = performance.now();
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `exit code ${code ?? signal}`));
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const line = `${ended === '' ? 'ok  ' : 'FAIL'} ${part.name.padEnd(8)} ${seconds.padStart(5)} s  ${part.about}\n`;
  const output = ended === '' ? '' : `${Buffer.concat(chunks).toString('utf8').trimEnd()}\n${part.name}: ${ended}\n`;
  process.stdout.write(line + output);
  return ended === '';
};

const results = await Promise.all(checkParts(root).map(run));
const failed = results.filter((passed) => !passed).length;
if (failed > 0) {
  process.stdout.write(`check: ${failed} of ${results.length} parts failed, see above\n`);
  process.exitCode = 1;
}
