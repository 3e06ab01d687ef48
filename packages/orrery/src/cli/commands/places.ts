/** `orrery places`: where a client can stand, and which regions are near. */
import { rttMs } from '../../world/latency.ts';
import { places } from '../../world/places.ts';
import { regions } from '../../world/regions.ts';
import { type Command, readArguments } from '../command.ts';
import { table } from '../terminal.ts';

const help = `Usage: orrery places [text] [--json]

Lists the places that --from and the client proxy know: the cities of the AWS regions and the
hundred largest metropolitan areas, each with the subnet that stands for it in DNS queries.

Options:
  --json            machine-readable output
  -h, --help        this text

Examples:
  orrery places
  orrery places japan
  dig @127.0.0.1 -p 4553 +subnet=$(orrery places tokyo --json | jq -r '.[0].subnet') api.orders.test`;

export const placesCommand: Command = {
  name: 'places',
  summary: 'where a client can stand',
  help,
  run: async (args) => {
    const options = {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    } as const;
    const { values, positionals } = readArguments('places', args, options);
    const wanted = (positionals[0] ?? '').toLowerCase();
    const countries = new Intl.DisplayNames(['en'], { type: 'region' });
    const found = places.filter((place) => {
      const country = `${place.country} ${countries.of(place.country) ?? ''}`;
      return `${place.name} ${place.displayName} ${country}`.toLowerCase().includes(wanted);
    });
    if (values.json) {
      console.log(JSON.stringify(found, null, 2));
      return 0;
    }
    const rows = found.map((place) => {
      const nearest = regions
        .map((region) => ({ id: region.id, ms: rttMs(`@${place.name}`, region.id) }))
        .sort((a, b) => a.ms - b.ms)
        .slice(0, 2);
      return [
        place.name,
        `${place.displayName}, ${place.country}`,
        place.subnet,
        nearest.map(({ id, ms }) => `${id} ${ms.toFixed(0)} ms`).join(', '),
      ];
    });
    console.log(table(['PLACE', 'NAME', 'SUBNET', 'NEAREST REGIONS (ROUND TRIP)'], rows));
    return found.length > 0 ? 0 : 1;
  },
};
