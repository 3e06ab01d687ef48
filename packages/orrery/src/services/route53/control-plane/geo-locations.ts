/** Which areas geolocation records can name: ListGeoLocations and GetGeoLocation. */
import type { GetGeoLocationRequest, ListGeoLocationsRequest } from '@aws-sdk/client-route-53';
import {
  continentName,
  continentOfCountry,
  countryName,
  type GeoArea,
  geoAreas,
  subdivisionName,
} from '../../../world/countries.ts';
import { noSuchGeoLocation } from '../errors.ts';
import { pageSize } from './plane.ts';

const maxPage = 100;

function details({ continent, country, subdivision }: GeoArea): object {
  if (continent !== undefined) {
    return { ContinentCode: continent, ContinentName: continentName(continent) };
  }
  if (country === undefined || country === '*') return { CountryCode: '*', CountryName: 'Default' };
  return {
    CountryCode: country,
    CountryName: countryName(country),
    ...(subdivision === undefined
      ? {}
      : { SubdivisionCode: subdivision, SubdivisionName: subdivisionName(country, subdivision) }),
  };
}

export const getGeoLocation =
  () =>
  (input: GetGeoLocationRequest): object => {
    const { ContinentCode: continent, CountryCode: country = '*', SubdivisionCode: state } = input;
    const area = geoAreas().find((each) =>
      continent === undefined
        ? each.country === country && each.subdivision === state
        : each.continent === continent,
    );
    if (area === undefined) throw noSuchGeoLocation();
    return { GeoLocationDetails: details(area) };
  };

export const listGeoLocations =
  () =>
  (input: ListGeoLocationsRequest): object => {
    const areas = geoAreas();
    const limit = pageSize(input.MaxItems, maxPage);
    const start = startOf(areas, input);
    const next = areas[start + limit];
    return {
      GeoLocationDetailsList: areas.slice(start, start + limit).map(details),
      IsTruncated: next !== undefined,
      ...(next?.continent === undefined ? {} : { NextContinentCode: next.continent }),
      ...(next?.country === undefined ? {} : { NextCountryCode: next.country }),
      ...(next?.subdivision === undefined ? {} : { NextSubdivisionCode: next.subdivision }),
      MaxItems: limit,
    };
  };

/** Where a page begins: at the area named, which need not be one that is there. */
function startOf(areas: readonly GeoArea[], input: ListGeoLocationsRequest): number {
  const { StartContinentCode: continent, StartCountryCode: country } = input;
  const state = input.StartSubdivisionCode ?? '';
  if (continent !== undefined) {
    return indexOr(areas, (each) => each.continent === undefined || each.continent >= continent);
  }
  if (country === undefined) return 0;
  if (country === '*') return indexOr(areas, (each) => each.country === '*');
  return indexOr(areas, (each) => {
    if (each.country === undefined || each.country === '*') return false;
    if (continentOfCountry(each.country) === undefined) return false;
    if (each.country !== country) return each.country > country;
    return (each.subdivision ?? '') >= state;
  });
}

function indexOr(areas: readonly GeoArea[], begins: (area: GeoArea) => boolean): number {
  const index = areas.findIndex(begins);
  return index < 0 ? areas.length : index;
}
