import type { EventJournal } from '../ports/event-journal.ts';

/** A journal that counts the events which had to fall back on it since this process began. */
export interface CountedJournal extends EventJournal {
  readonly fellBack: number;
}

export const countedJournal = (journal: EventJournal): CountedJournal => {
  let fellBack = 0;
  return {
    get fellBack() {
      return fellBack;
    },
    append: (events, reply) =>
      journal.append(events, (answer) => {
        if (answer.ok) fellBack += events.length;
        reply(answer);
      }),
    read: (reply) => journal.read(reply),
    clear: (reply) => journal.clear(reply),
  };
};
