/** A reporter of node:test that writes the counts of the whole run as one line of JSON, for `.ci/run`. */
export default async function* tally(events) {
  for await (const event of events) {
    // Every file has a summary of its own; the one without a file is the sum.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = event.data.counts;
    // A test that did not run has not passed.
    yield `${JSON.stringify({ passed, failed: failed + cancelled + skipped + todo })}\n`;
  }
}
