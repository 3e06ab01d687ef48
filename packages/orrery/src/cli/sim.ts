/** Entry of `npm run sim`: the command `orrery sim` by itself. */
import { CommandError } from './command.ts';
import { simCommand } from './commands/sim.ts';

try {
  process.exitCode = await simCommand.run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
