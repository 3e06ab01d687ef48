/**
 * Countries by continent and the states of the United States, in the codes of Route 53's
 * geolocation records (ISO 3166). Data and look-ups; names come from the runtime's own tables.
 */
import type { Continent } from './places.ts';

const continentNames: Readonly<Record<Continent, string>> = {
  AF: 'Africa',
  AN: 'Antarctica',
  AS: 'Asia',
  EU: 'Europe',
  NA: 'North America',
  OC: 'Oceania',
  SA: 'South America',
};

const countryCodes: Readonly<Record<Continent, string>> = {
  AF:
    'AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ' +
    'ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW',
  AN: 'AQ GS TF',
  AS:
    'AE AF AM AZ BD BH BN BT CC CN CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK ' +
    'MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TW UZ VN YE',
  EU:
    'AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT ' +
    'LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM TR UA VA XK',
  NA:
    'AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI ' +
    'PA PM PR SV SX TC TT US VC VG VI',
  OC: 'AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS',
  SA: 'AR BO BR CL CO EC FK GF GY PE PY SR UY VE',
};

const usStates =
  'AK Alaska,AL Alabama,AR Arkansas,AZ Arizona,CA California,CO Colorado,CT Connecticut,' +
  'DC District of Columbia,DE Delaware,FL Florida,GA Georgia,HI Hawaii,IA Iowa,ID Idaho,' +
  'IL Illinois,IN Indiana,KS Kansas,KY Kentucky,LA Louisiana,MA Massachusetts,MD Maryland,' +
  'ME Maine,MI Michigan,MN Minnesota,MO Missouri,MS Mississippi,MT Montana,NC North Carolina,' +
  'ND North Dakota,NE Nebraska,NH New Hampshire,NJ New Jersey,NM New Mexico,NV Nevada,' +
  'NY New York,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,' +
  'SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VA Virginia,VT Vermont,' +
  'WA Washington,WI Wisconsin,WV West Virginia,WY Wyoming';

const ukrainianOblasts =
  '05 Vinnytska,07 Volynska,09 Luhanska,12 Dnipropetrovska,14 Donetska,18 Zhytomyrska,' +
  '21 Zakarpatska,23 Zaporizka,26 Ivano-Frankivska,30 Kyiv,32 Kyivska,35 Kirovohradska,' +
  '40 Sevastopol,43 Crimea,46 Lvivska,48 Mykolaivska,51 Odeska,53 Poltavska,56 Rivnenska,' +
  '59 Sumska,61 Ternopilska,63 Kharkivska,65 Khersonska,68 Khmelnytska,71 Cherkaska,' +
  '74 Chernihivska,77 Chernivetska';

const continentByCountry = new Map<string, Continent>();
for (const [continent, codes] of Object.entries(countryCodes)) {
  for (const code of codes.split(' ')) continentByCountry.set(code, continent as Continent);
}

/** Only these countries have subdivisions in Route 53. */
const subdivisions: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ['US', namesOf(usStates)],
  ['UA', namesOf(ukrainianOblasts)],
]);

function namesOf(list: string): ReadonlyMap<string, string> {
  return new Map(list.split(',').map((each) => [each.slice(0, 2), each.slice(3)]));
}

/** The continent's name, or undefined where the code is none. */
export function continentName(code: string): string | undefined {
  return Object.hasOwn(continentNames, code) ? continentNames[code as Continent] : undefined;
}

/** The continent of a country, or undefined where the code is none. */
export function continentOfCountry(code: string): Continent | undefined {
  return continentByCountry.get(code);
}

let regionNames: Intl.DisplayNames | undefined;

/** The English name of a country. */
export function countryName(code: string): string {
  regionNames ??= new Intl.DisplayNames('en', { type: 'region' });
  return regionNames.of(code) ?? code;
}

/** The name of a subdivision, or undefined where Route 53 has none of that code there. */
export function subdivisionName(country: string, code: string): string | undefined {
  return subdivisions.get(country)?.get(code);
}

export interface GeoArea {
  readonly continent?: Continent;
  /** `*` is everywhere. */
  readonly country?: string;
  readonly subdivision?: string;
}

/** Every area that a geolocation record can name, in the order of ListGeoLocations. */
export function geoAreas(): readonly GeoArea[] {
  const continents = (Object.keys(continentNames) as Continent[]).map((continent) => ({
    continent,
  }));
  const countries = [...continentByCountry.keys()]
    .sort()
    .flatMap((country): GeoArea[] => [
      { country },
      ...[...(subdivisions.get(country)?.keys() ?? [])]
        .sort()
        .map((subdivision) => ({ country, subdivision })),
    ]);
  return [...continents, { country: '*' }, ...countries];
}
