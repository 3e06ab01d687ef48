/** `orrery routing-control list|set`: the switches that RECOVERY_CONTROL health checks follow. */
import type { RoutingControlState } from '../../services/route53/api.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError } from '../command.ts';
import { out, table } from '../terminal.ts';

const help = `Usage: orrery routing-control list
       orrery routing-control set <name> on|off [<name> on|off …]

Routing controls of Application Recovery Controller: a health check of type RECOVERY_CONTROL is
healthy while the control that it names is on, and DNS answers follow at once. A control is there
as soon as a health check names its ARN, and off until it is switched. <name> is its ARN, what
follows the last / of it, or the id of a health check that follows it.

Options:
${clientOptionsHelp}

Examples:
  orrery routing-control list
  orrery routing-control set us-east-1 off eu-central-1 on
  orrery routing-control set arn:aws:route53-recovery-control::000000000000:controlpanel/p/routingcontrol/r on`;

const short = (arn: string): string => arn.split('/').at(-1) ?? arn;

function render(controls: readonly RoutingControlState[]): string {
  if (controls.length === 0) {
    return 'There is no routing control: no health check of type RECOVERY_CONTROL names one.';
  }
  const rows = controls.map(({ arn, on, healthCheckIds }) => [
    short(arn),
    on ? out('green', 'on') : out('red', 'off'),
    healthCheckIds.join(' '),
    arn,
  ]);
  return table(['NAME', 'STATE', 'HEALTH CHECKS', 'ARN'], rows);
}

/** Pairs of a name and a state; all are read before any is switched. */
function switchesOf(words: readonly string[]): readonly (readonly [name: string, on: boolean])[] {
  if (words.length === 0 || words.length % 2 === 1) {
    throw usageError('Say which control, and on or off. See: orrery routing-control --help');
  }
  return Array.from({ length: words.length / 2 }, (_, i) => {
    const [name = '', state = ''] = words.slice(2 * i, 2 * i + 2);
    if (!/^(on|off)$/i.test(state)) throw usageError(`A control is on or off, not "${state}".`);
    return [name, state.toLowerCase() === 'on'] as const;
  });
}

export const routingControlCommand: Command = {
  name: 'routing-control',
  summary: 'list and switch the routing controls that health checks follow',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('routing-control', args, clientOptions);
    const [verb, ...words] = positionals;
    const admin = findAdminUrl(values.admin);
    const path = '/api/routing-controls';
    const say = (value: unknown, text: string): number => {
      console.log(values.json ? JSON.stringify(value, null, 2) : text);
      return 0;
    };
    if (verb === 'list' && words.length === 0) {
      const controls = await callAdmin<readonly RoutingControlState[]>(admin, 'GET', path);
      return say(controls, render(controls));
    }
    if (verb === 'set') {
      const switched: RoutingControlState[] = [];
      for (const [name, on] of switchesOf(words)) {
        switched.push(await callAdmin<RoutingControlState>(admin, 'POST', path, { name, on }));
      }
      return say(switched, render(switched));
    }
    throw usageError('Say list or set. See: orrery routing-control --help');
  },
};
