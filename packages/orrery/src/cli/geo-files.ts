/** Opens the database of `--geoip`. Owns its words; what is in the file is `world/mmdb.ts`'s. */
import type { GeoDatabase } from '../world/geo-database.ts';
import { MmdbError, openMmdb } from '../world/mmdb.ts';
import { usageError } from './command.ts';
import { readOptionFile } from './option-file.ts';

/** Throws `CommandError` where the file is not there or will not do. */
export function readGeoDatabase(path: string): GeoDatabase {
  const bytes = readOptionFile('geoip', path);
  try {
    return openMmdb(bytes);
  } catch (error) {
    if (error instanceof MmdbError) throw usageError(`--geoip: "${path}" ${error.message}`);
    throw error;
  }
}
