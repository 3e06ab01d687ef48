/**
 * Owns: how long work over many items may keep everything else waiting. Such work goes in pieces;
 * all jobs of a region stand in one line, and between two pieces the process serves what has come.
 * Refuses to own: the work, and how it goes on where the last piece has stopped.
 *
 *  U1  Of those who stand in the line one has its turn at a time: many jobs together keep nobody
 *      waiting for longer than one.
 *  U2  A turn is over after `turnUs` or `rowsMax` rows, whichever comes first. Time is what counts
 *      on a machine; rows do where time stands still while code runs, in simulation.
 *  U3  Requests begin at once, without standing in the line, and share the time of one turn: what a
 *      read has taken, the next one of the same moment has no more.
 *  U4  The clock is looked at the more often the longer a row takes: where memory is short, touching a
 *      page may take as long as a hundred rows elsewhere. What a job has needed beyond its turn, to
 *      commit what it has written, its next turns are shorter by.
 */
import type { Io, Timer } from '../../io/io.ts';

export interface Turns {
  /** Runs it in a turn of its own, after what was added before. Nothing is run after `stop`. */
  add(label: string, run: (turn: Turn) => void): void;
  /** Resolves with a turn of its own, likewise. */
  next(label: string): Promise<Turn>;
  /** A turn that begins now, for a request; it is to be ended. */
  begin(): Turn;
  stop(): void;
}

export interface Turn {
  /** One more row is done, of so many characters; true once there should be no more in this turn. */
  over(characters?: number): boolean;
  /** The same within a row, or of one that is not done yet: whether the turn's time is up. */
  late(characters?: number): boolean;
  /** The request is done with it: what is left of its time is for others. */
  end(): void;
}

export type TurnsIo = Pick<Io, 'clock' | 'timers' | 'probe'>;

const turnUs = 4_000;
/** However much beyond their turns jobs have needed. */
const turnUsLeast = 500;
const rowsMaxDefault = 1_000;
/** The clock is looked at after so many rows, or characters of them, and as often as this besides. */
const rowsUnlooked = 16;
const charactersUnlooked = 64 * 1024;
const lookUs = 250;

/** `rowsMax` is for those who want to see what happens between two turns. */
export function createTurns(io: TurnsIo, rowsMax = rowsMaxDefault): Turns {
  return new Line(io, rowsMax);
}

interface Waiting {
  readonly label: string;
  readonly run: (turn: Turn) => void;
}

class Line implements Turns {
  readonly #io: TurnsIo;
  readonly #rowsMax: number;
  readonly #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #stopped = false;
  /** What jobs need beyond their turns. */
  #beyondUs = 0;
  /** What requests have taken since the process last looked for new ones. */
  #usedUs = 0;
  #reset: Timer | undefined;

  constructor(io: TurnsIo, rowsMax: number) {
    this.#io = io;
    this.#rowsMax = rowsMax;
  }

  add(label: string, run: (turn: Turn) => void): void {
    if (this.#stopped) return;
    this.#waiting.push({ label, run });
    this.#arm();
  }

  next(label: string): Promise<Turn> {
    return new Promise((resolve) => this.add(label, resolve));
  }

  begin(): Turn {
    return this.#share(turnUs - this.#usedUs, (tookUs) => this.#use(tookUs));
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#timer?.cancel();
    this.#reset?.cancel();
  }

  #arm(): void {
    const [first] = this.#waiting;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.#io.timers.after(0, first.label, () => {
      this.#timer = undefined;
      const next = this.#waiting.shift();
      try {
        if (next !== undefined) this.#run(next);
      } finally {
        this.#arm();
      }
    });
  }

  #run({ run }: Waiting): void {
    const { clock } = this.#io;
    const allowedUs = Math.max(turnUsLeast, turnUs - this.#beyondUs);
    const startUs = clock.monotonicUs();
    try {
      run(this.#share(allowedUs, () => {}));
    } finally {
      const beyondUs = clock.monotonicUs() - startUs - allowedUs;
      this.#beyondUs = Math.max(beyondUs, Math.floor(this.#beyondUs / 2));
    }
  }

  #share(allowedUs: number, done: (tookUs: number) => void): Turn {
    const { clock, probe } = this.#io;
    const rowsMax = probe.buggify('dynamodb.short-turn') ? 3 : this.#rowsMax;
    return new Share(clock, { rowsMax, allowedUs, done });
  }

  #use(tookUs: number): void {
    this.#usedUs += tookUs;
    this.#reset ??= this.#io.timers.after(0, 'reads have had their turn', () => {
      this.#reset = undefined;
      this.#usedUs = 0;
    });
  }
}

interface Allowance {
  readonly rowsMax: number;
  readonly allowedUs: number;
  readonly done: (tookUs: number) => void;
}

class Share implements Turn {
  readonly #clock: TurnsIo['clock'];
  readonly #done: (tookUs: number) => void;
  readonly #rowsMax: number;
  readonly #startUs: number;
  readonly #untilUs: number;
  #rows = 0;
  /** How many looks at the clock may be spared from the last one on, and when that was. */
  #spared = 1;
  #lookedUs: number;
  #sinceLook = 0;
  #charactersLeft = charactersUnlooked;

  constructor(clock: TurnsIo['clock'], { rowsMax, allowedUs, done }: Allowance) {
    this.#clock = clock;
    this.#done = done;
    this.#startUs = clock.monotonicUs();
    this.#lookedUs = this.#startUs;
    this.#untilUs = this.#startUs + allowedUs;
    this.#rowsMax = rowsMax;
  }

  over(characters = 0): boolean {
    this.#rows += 1;
    return this.#rows >= this.#rowsMax || this.late(characters);
  }

  late(characters = 0): boolean {
    this.#sinceLook += 1;
    this.#charactersLeft -= characters;
    if (this.#sinceLook < this.#spared && this.#charactersLeft > 0) {
      return this.#lookedUs >= this.#untilUs;
    }
    const nowUs = this.#clock.monotonicUs();
    const eachUs = (nowUs - this.#lookedUs) / this.#sinceLook;
    this.#spared = Math.max(1, Math.min(rowsUnlooked, Math.floor(lookUs / eachUs)));
    this.#lookedUs = nowUs;
    this.#sinceLook = 0;
    this.#charactersLeft = charactersUnlooked;
    return nowUs >= this.#untilUs;
  }

  end(): void {
    // So few rows that nobody has waited for them.
    if (this.#rows < rowsUnlooked && this.#lookedUs - this.#startUs < lookUs) return;
    this.#done(this.#clock.monotonicUs() - this.#startUs);
  }
}
