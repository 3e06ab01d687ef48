/**
 * The one error of this folder: the user's app cannot be read, run or deployed. Its message is
 * meant for the terminal as it stands: what is wrong, and where the user looks next.
 */
export class AppError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AppError';
  }
}
