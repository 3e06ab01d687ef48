/** `--resolver` of `orrery start`: how clients' resolvers treat TTLs. Owns its words. */
import { obedientResolvers, type ResolverSettings } from '../regions/client-resolver.ts';
import { usageError } from './command.ts';
import { parseDurationMs } from './terminal.ts';

export const resolverHelp = `  --resolver <list>     how clients' resolvers, and clients themselves, treat TTLs: obey (default), or
                        any of these, comma-separated; times as 30s, 5m, 1h, before the time scale
                          serve-stale[=1d]   an answer lives on so long while Route 53 is silent
                          ttl-ignoring=0.2   share of the clients that ignore TTLs, as a JVM may
                          hold=30s           how long those keep an address, or: forever
                          seed=1             another number draws other clients`;

const oneDaySeconds = 86_400;

/** Reads the value of the option. Throws `CommandError`. */
export function resolverOf(text: string): ResolverSettings {
  let settings = obedientResolvers;
  for (const part of text.split(',').map((each) => each.trim())) {
    const [name = '', value, ...more] = part.split('=');
    if (more.length > 0) throw wrong(part);
    if (part === 'obey' || part === '') continue;
    settings = { ...settings, ...settingOf(part, name, value) };
  }
  return settings;
}

function settingOf(
  part: string,
  name: string,
  value: string | undefined,
): Partial<ResolverSettings> {
  switch (name) {
    case 'serve-stale':
      return { serveStaleSeconds: value === undefined ? oneDaySeconds : secondsOf(part, value) };
    case 'ttl-ignoring': {
      const share = Number(value ?? '');
      if ((value ?? '').trim() === '' || !(share >= 0 && share <= 1)) throw wrong(part);
      return { ttlIgnoring: share };
    }
    case 'hold':
      return { holdSeconds: value === 'forever' ? 'forever' : secondsOf(part, value ?? '') };
    case 'seed':
      if (!/^\d{1,15}$/.test(value ?? '')) throw wrong(part);
      return { seed: Number(value) };
    default:
      throw wrong(part);
  }
}

function secondsOf(part: string, text: string): number {
  const days = /^(\d+(?:\.\d+)?)d$/.exec(text)?.[1];
  if (days !== undefined) return Number(days) * oneDaySeconds;
  const ms = parseDurationMs(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  if (ms === undefined) throw wrong(part);
  return ms / 1000;
}

function wrong(part: string) {
  return usageError(
    `--resolver takes obey, serve-stale=<time>, ttl-ignoring=<0 to 1>, hold=<time or forever> and ` +
      `seed=<number>, comma-separated, not "${part}".`,
  );
}
