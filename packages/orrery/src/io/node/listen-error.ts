/** Why a listener cannot have its address, and what to do about it, in words for the user. */

export interface ListenPlace {
  readonly what: string;
  readonly host: string;
  readonly port: number;
  /** How to choose another port: `--port`. */
  readonly option?: string;
}

/** A port or address cannot be had; the message is for the user. */
export class ListenError extends Error {
  constructor(message: string, options: { cause: unknown }) {
    super(message, options);
    this.name = 'ListenError';
  }
}

/** An error whose message stands alone; the system's own is its cause. */
export function listenError(place: ListenPlace, error: NodeJS.ErrnoException): ListenError {
  const { what, host, port, option } = place;
  const at = `${host}:${port}`;
  const another = option === undefined ? 'choose another port' : `choose another with ${option}`;
  const message = (): string => {
    switch (error.code) {
      case 'EADDRINUSE':
        return (
          `port ${port} on ${host} is taken, so ${what} cannot listen there. Probably another Orrery ` +
          `or another local cloud holds it (see: lsof -i :${port}). Stop it, or ${another}.`
        );
      case 'EACCES':
        return `this user may not listen on ${at}, which ${what} needs. Take a port above 1023: ${another}.`;
      case 'EADDRNOTAVAIL':
        return (
          `${host} is no address of this machine, so ${what} cannot listen there. Where only 127.0.0.1 is a ` +
          `loopback address (macOS), add it first: sudo ifconfig lo0 alias ${host}`
        );
      default:
        return `${what} cannot listen on ${at}: ${error.message}. To move it, ${another}.`;
    }
  };
  return new ListenError(message(), { cause: error });
}
