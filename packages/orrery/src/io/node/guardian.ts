/**
 * Ends the children of this process when it dies, SIGKILL included: a shell that reads their pids from
 * a pipe and, when the pipe ends, kills them and what they started. A frozen child, or one in an
 * endless loop, cannot be left to notice by itself. Owns that shell; started with the first child.
 *
 * Invariants:
 *  1. A pid is watched from right after its start until it was seen to exit: none is killed that the
 *     system may have given away again.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** Needs nothing but a POSIX shell. Interrupts meant for the parent must not end the watch. */
const script = `trap '' INT TERM HUP QUIT
pids=' '
while read -r change pid; do
  case $change in
    +) pids="$pids$pid " ;;
    -) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; done`;

export interface Guardian {
  watch(pid: number): void;
  forget(pid: number): void;
  close(): void;
}

export function createGuardian(): Guardian {
  const watched = new Set<number>();
  let shell: ChildProcess | undefined;
  let closed = false;
  const start = (): void => {
    const started = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      detached: true,
    });
    shell = started;
    // Whoever killed it did not mean the children: the next change starts another.
    started.on('exit', () => {
      if (shell === started) shell = undefined;
    });
    started.on('error', () => {});
    started.stdin?.on('error', () => {});
    started.unref();
    (started.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    for (const pid of watched) started.stdin?.write(`+ ${pid}\n`);
  };
  return {
    watch: (pid) => {
      watched.add(pid);
      if (shell === undefined && !closed) start();
      else shell?.stdin?.write(`+ ${pid}\n`);
    },
    forget: (pid) => {
      watched.delete(pid);
      if (shell === undefined && !closed && watched.size > 0) start();
      else shell?.stdin?.write(`- ${pid}\n`);
    },
    close: () => {
      closed = true;
      shell?.stdin?.end();
    },
  };
}
