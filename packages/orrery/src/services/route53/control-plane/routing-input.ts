/**
 * The members of geolocation, geoproximity and IP-based records: what callers write → what is
 * kept. Owns their form and identity. Refuses to own whether a CIDR location exists
 * (`record-rules.ts`).
 */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { continentName, continentOfCountry, subdivisionName } from '../../../world/countries.ts';
import { placeOfLocalZone } from '../../../world/local-zones.ts';
import { isRegion } from '../../../world/regions.ts';
import { constraint, invalidInput } from '../errors.ts';
import type {
  CidrRoutingConfig,
  GeoLocation,
  GeoProximityLocation,
  RecordSet,
} from '../record-set.ts';

type At = (member: string) => string;

const maxBias = 99;

/** Throws InvalidInput where a member has the wrong form. */
export function checkRoutingMembers(set: ResourceRecordSet, at: At): void {
  if (set.GeoLocation !== undefined) checkGeoLocation(set.GeoLocation, at);
  if (set.GeoProximityLocation !== undefined) checkGeoProximity(set.GeoProximityLocation, at);
  const cidr = set.CidrRoutingConfig;
  if (cidr === undefined) return;
  if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(cidr.CollectionId ?? '')) {
    throw constraint(
      cidr.CollectionId,
      at('cidrRoutingConfig.collectionId'),
      'Member must satisfy regular expression pattern: ' +
        '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    );
  }
  checkLocationName(cidr.LocationName, at('cidrRoutingConfig.locationName'), true);
}

/** A CIDR location's name: 1 to 16 letters, digits, `_` and `-`; for records also `*`. */
export function checkLocationName(name: string | undefined, at: string, star: boolean): void {
  if (/^[0-9A-Za-z_-]{1,16}$/.test(name ?? '') || (star && name === '*')) return;
  const pattern = star ? '[0-9A-Za-z_\\-\\*]+' : '[0-9A-Za-z_\\-]+';
  throw constraint(name, at, `Member must satisfy regular expression pattern: ${pattern}`);
}

function checkGeoLocation(location: GeoLocation | ResourceRecordSet['GeoLocation'], at: At): void {
  const { ContinentCode: continent, CountryCode: country, SubdivisionCode: state } = location ?? {};
  if (continent === undefined && country === undefined) {
    throw invalidInput(
      state === undefined
        ? 'Invalid GeoLocation: one of ContinentCode and CountryCode is required.'
        : 'Invalid GeoLocation: SubdivisionCode needs CountryCode.',
    );
  }
  if (continent !== undefined && (country !== undefined || state !== undefined)) {
    throw invalidInput(
      'Invalid GeoLocation: ContinentCode cannot be given with CountryCode or SubdivisionCode.',
    );
  }
  if (continent !== undefined && continentName(continent) === undefined) {
    throw constraint(
      continent,
      at('geoLocation.continentCode'),
      'Member must be one of AF, AN, AS, EU, OC, NA, SA',
    );
  }
  if (country !== undefined && country !== '*' && continentOfCountry(country) === undefined) {
    throw constraint(country, at('geoLocation.countryCode'), 'Member must be a country code or *');
  }
  if (state === undefined || country === undefined) return;
  if (state === '*' && country !== '*') return;
  if (subdivisionName(country, state) === undefined) {
    throw invalidInput(
      `Invalid GeoLocation: ${country} has no subdivision ${state} that records can name.`,
    );
  }
}

function checkGeoProximity(
  location: GeoProximityLocation | ResourceRecordSet['GeoProximityLocation'],
  at: At,
): void {
  const { AWSRegion: region, LocalZoneGroup: zone, Coordinates: point, Bias } = location ?? {};
  const given = [region, zone, point].filter((each) => each !== undefined).length;
  if (given !== 1) {
    throw invalidInput(
      'Invalid GeoProximityLocation: exactly one of AWSRegion, LocalZoneGroup and Coordinates ' +
        `is required, but found ${given === 0 ? 'none' : 'more than one'}.`,
    );
  }
  if (region !== undefined && !isRegion(region)) {
    throw constraint(region, at('geoProximityLocation.aWSRegion'), 'Member must be an AWS Region');
  }
  if (zone !== undefined && placeOfLocalZone(zone) === undefined) {
    throw constraint(
      zone,
      at('geoProximityLocation.localZoneGroup'),
      'Member must be the name of a Local Zone group',
    );
  }
  const bias = Number(Bias ?? 0);
  if (!Number.isInteger(bias) || Math.abs(bias) > maxBias) {
    throw constraint(
      Bias,
      at('geoProximityLocation.bias'),
      `Member must have value from -${maxBias} to ${maxBias}`,
    );
  }
  if (point === undefined) return;
  coordinate(point.Latitude, 90, 2, at('geoProximityLocation.coordinates.latitude'));
  coordinate(point.Longitude, 180, 3, at('geoProximityLocation.coordinates.longitude'));
}

function coordinate(text: string | undefined, max: number, digits: number, at: string): void {
  const pattern = `[-+]?[0-9]{1,${digits}}(\\.[0-9]{0,2})?`;
  if (!new RegExp(`^${pattern}$`).test(text ?? '') || Math.abs(Number(text)) > max) {
    throw constraint(
      text,
      at,
      `Member must satisfy regular expression pattern: ${pattern} and lie within ${max} degrees`,
    );
  }
}

/** The members as they are kept. */
export function routingMembers(given: ResourceRecordSet): Partial<RecordSet> {
  const { GeoLocation: geo, GeoProximityLocation: near, CidrRoutingConfig: cidr } = given;
  return {
    ...(geo === undefined ? {} : { GeoLocation: keptGeoLocation(geo) }),
    ...(near === undefined ? {} : { GeoProximityLocation: keptGeoProximity(near) }),
    ...(cidr === undefined
      ? {}
      : {
          CidrRoutingConfig: {
            CollectionId: cidr.CollectionId ?? '',
            LocationName: cidr.LocationName ?? '',
          } satisfies CidrRoutingConfig,
        }),
  };
}

function keptGeoLocation(geo: NonNullable<ResourceRecordSet['GeoLocation']>): GeoLocation {
  const { ContinentCode, CountryCode, SubdivisionCode } = geo;
  return {
    ...(ContinentCode === undefined ? {} : { ContinentCode }),
    ...(CountryCode === undefined ? {} : { CountryCode }),
    ...(SubdivisionCode === undefined || SubdivisionCode === '*' ? {} : { SubdivisionCode }),
  };
}

function keptGeoProximity(
  near: NonNullable<ResourceRecordSet['GeoProximityLocation']>,
): GeoProximityLocation {
  const { AWSRegion, LocalZoneGroup, Coordinates: point, Bias } = near;
  return {
    ...(AWSRegion === undefined ? {} : { AWSRegion }),
    ...(LocalZoneGroup === undefined ? {} : { LocalZoneGroup }),
    ...(point === undefined
      ? {}
      : {
          Coordinates: { Latitude: point.Latitude ?? '', Longitude: point.Longitude ?? '' },
        }),
    ...(Bias === undefined ? {} : { Bias: Number(Bias) }),
  };
}

/** What may stand only once among the sets of a name and type, in words; empty for other sets. */
export function locationKey(set: RecordSet): string {
  const { GeoLocation: geo, GeoProximityLocation: near, CidrRoutingConfig: cidr } = set;
  if (geo !== undefined) {
    const { ContinentCode: continent, CountryCode: country, SubdivisionCode: state } = geo;
    return `GeoLocation ContinentCode=${continent ?? 'null'}, CountryCode=${country ?? 'null'}, SubdivisionCode=${state ?? 'null'}`;
  }
  if (near !== undefined) {
    const { AWSRegion: region, LocalZoneGroup: zone, Coordinates: point } = near;
    return `GeoProximityLocation ${region ?? zone ?? `${point?.Latitude}, ${point?.Longitude}`}`;
  }
  return cidr === undefined ? '' : `CIDR location ${cidr.LocationName} of ${cidr.CollectionId}`;
}
