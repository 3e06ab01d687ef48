/** The version of the package, read from its package.json once. */
import packageJson from '../../package.json' with { type: 'json' };

export const version: string = packageJson.version;
