/**
 * Real address blocks whose place is well known, so that a query that carries a real subnet
 * (`dig +subnet=133.11.0.0/16`) is answered as a person expects. Owns: a small table, not a
 * geo-IP database: AWS's own published ranges, access networks large enough to be known by heart
 * (at the city that most of their country would be measured from), and university networks, which
 * have stood in one city for decades. Longest prefix first.
 */
import { parseIpv4, parseIpv6 } from '../stdx/ip.ts';
import { type Place, placeByName, placeOfModelIpv4, placeOfModelIpv6 } from './places.ts';

/** By region: a part of what AWS publishes in ip-ranges.json. */
const awsPrefixes: Readonly<Record<string, string>> = {
  'us-east-1': [
    '3.80.0.0/12 3.208.0.0/12 18.204.0.0/14 18.208.0.0/13 23.20.0.0/14 34.192.0.0/12',
    '34.224.0.0/12 44.192.0.0/11 52.0.0.0/15 52.4.0.0/14 52.20.0.0/14 52.44.0.0/15',
    '52.54.0.0/15 52.70.0.0/15 52.72.0.0/15 52.86.0.0/15 52.90.0.0/15 54.80.0.0/13',
    '54.88.0.0/14 54.144.0.0/14 54.156.0.0/14 54.160.0.0/13 54.172.0.0/15 54.174.0.0/15',
    '54.196.0.0/15 54.204.0.0/15 54.208.0.0/15 54.224.0.0/15 54.226.0.0/15 54.234.0.0/15',
    '54.236.0.0/15 107.20.0.0/14 174.129.0.0/16',
  ].join(' '),
  'us-east-2': [
    '3.12.0.0/16 3.16.0.0/14 3.20.0.0/14 3.128.0.0/15 3.132.0.0/14 3.136.0.0/13 13.58.0.0/15',
    '18.188.0.0/16 18.191.0.0/16 18.216.0.0/14 18.220.0.0/14 18.224.0.0/14 52.14.0.0/16',
    '52.15.0.0/16',
  ].join(' '),
  'us-west-1': [
    '13.52.0.0/16 13.56.0.0/16 13.57.0.0/16 18.144.0.0/15 50.18.0.0/16 52.8.0.0/16',
    '52.9.0.0/16 52.52.0.0/15 54.67.0.0/16 54.176.0.0/15 54.183.0.0/16 54.193.0.0/16',
    '54.215.0.0/16 54.219.0.0/16 54.241.0.0/16',
  ].join(' '),
  'us-west-2': [
    '34.208.0.0/12 35.80.0.0/12 35.160.0.0/13 44.224.0.0/11 50.112.0.0/16 52.10.0.0/15',
    '52.12.0.0/15 52.24.0.0/14 52.32.0.0/14 52.36.0.0/14 52.40.0.0/14 52.88.0.0/15',
    '54.68.0.0/14 54.148.0.0/15 54.184.0.0/13 54.200.0.0/15 54.202.0.0/15 54.212.0.0/15',
    '54.214.0.0/16 54.244.0.0/16 54.245.0.0/16',
  ].join(' '),
  'ca-central-1': '3.96.0.0/15 15.222.0.0/15 35.182.0.0/15 52.60.0.0/16 99.79.0.0/16',
  'sa-east-1': [
    '15.228.0.0/15 18.228.0.0/16 18.229.0.0/16 18.230.0.0/16 18.231.0.0/16 52.67.0.0/16',
    '54.94.0.0/16 54.207.0.0/16 54.232.0.0/16',
  ].join(' '),
  'eu-west-1': [
    '3.248.0.0/13 18.200.0.0/16 18.201.0.0/16 18.202.0.0/15 34.240.0.0/13 34.248.0.0/13',
    '52.16.0.0/15 52.18.0.0/15 52.30.0.0/15 52.48.0.0/14 52.208.0.0/13 54.72.0.0/15',
    '54.74.0.0/15 54.76.0.0/15 54.78.0.0/16 54.154.0.0/16 54.155.0.0/16 54.170.0.0/15',
    '54.194.0.0/15 54.216.0.0/15 54.220.0.0/16 54.228.0.0/16 54.229.0.0/16 54.246.0.0/16',
    '54.247.0.0/16 63.32.0.0/14 99.80.0.0/15 108.128.0.0/13',
  ].join(' '),
  'eu-west-2': [
    '3.8.0.0/14 13.40.0.0/14 18.130.0.0/16 18.132.0.0/14 18.168.0.0/14 35.176.0.0/15',
    '35.178.0.0/15 52.56.0.0/16',
  ].join(' '),
  'eu-west-3': '13.36.0.0/14 15.188.0.0/16 15.236.0.0/15 35.180.0.0/16 52.47.0.0/16',
  'eu-central-1': [
    '3.64.0.0/12 3.120.0.0/14 3.124.0.0/14 18.156.0.0/14 18.184.0.0/15 18.192.0.0/15',
    '18.194.0.0/15 18.196.0.0/15 18.198.0.0/15 35.156.0.0/14 52.28.0.0/16 52.29.0.0/16',
    '52.57.0.0/16 52.58.0.0/15 54.93.0.0/16',
  ].join(' '),
  'eu-central-2': '16.62.0.0/15',
  'eu-south-2': '18.100.0.0/15',
  'eu-north-1': '13.48.0.0/15 13.51.0.0/16 13.53.0.0/16 16.170.0.0/15',
  'eu-south-1': '15.160.0.0/16 15.161.0.0/16 18.102.0.0/16',
  'af-south-1': '13.244.0.0/15',
  'me-south-1': '15.184.0.0/16 15.185.0.0/16 157.175.0.0/16',
  'me-central-1': '3.28.0.0/15',
  'il-central-1': '51.16.0.0/15',
  'ap-south-1': [
    '3.6.0.0/15 3.108.0.0/14 13.126.0.0/15 13.232.0.0/14 15.206.0.0/15 35.154.0.0/16',
    '52.66.0.0/16 65.0.0.0/14',
  ].join(' '),
  'ap-south-2': '18.60.0.0/15',
  'ap-southeast-1': [
    '3.0.0.0/15 13.212.0.0/15 13.214.0.0/15 13.228.0.0/15 13.250.0.0/15 18.136.0.0/16',
    '18.138.0.0/15 18.140.0.0/15 18.142.0.0/15 52.74.0.0/16 52.77.0.0/16 52.220.0.0/15',
    '54.169.0.0/16 54.179.0.0/16 54.251.0.0/16 54.254.0.0/16 54.255.0.0/16',
  ].join(' '),
  'ap-southeast-2': [
    '3.24.0.0/14 3.104.0.0/14 13.54.0.0/15 13.210.0.0/15 13.236.0.0/14 52.62.0.0/15',
    '54.66.0.0/16 54.79.0.0/16 54.206.0.0/16 54.252.0.0/16 54.253.0.0/16',
  ].join(' '),
  'ap-southeast-3': '43.218.0.0/16 108.136.0.0/15',
  'ap-southeast-4': '16.50.0.0/15',
  'ap-northeast-1': [
    '3.112.0.0/14 13.112.0.0/14 13.230.0.0/15 18.176.0.0/15 18.178.0.0/16 18.179.0.0/16',
    '18.180.0.0/15 18.182.0.0/16 18.183.0.0/16 35.72.0.0/13 52.68.0.0/15 52.192.0.0/15',
    '52.194.0.0/15 52.196.0.0/14 54.64.0.0/15 54.95.0.0/16 54.150.0.0/16 54.168.0.0/16',
    '54.178.0.0/16 54.199.0.0/16 54.238.0.0/16 54.248.0.0/15 54.250.0.0/16 57.180.0.0/14',
  ].join(' '),
  'ap-northeast-2': [
    '3.34.0.0/15 3.36.0.0/14 13.124.0.0/16 13.125.0.0/16 13.209.0.0/16 15.164.0.0/15',
    '43.200.0.0/14 52.78.0.0/16 52.79.0.0/16 54.180.0.0/15',
  ].join(' '),
  'ap-northeast-3': '13.208.0.0/16 15.152.0.0/16 15.168.0.0/16',
  'ap-east-1': '16.162.0.0/15 18.162.0.0/16 18.163.0.0/16 18.166.0.0/15',
};

/** By place: access networks and universities. */
const networkPrefixes: Readonly<Record<string, string>> = {
  tokyo: [
    '126.0.0.0/8 133.0.0.0/8 153.128.0.0/9 106.128.0.0/10 1.72.0.0/13 130.69.0.0/16',
    '157.82.0.0/16',
  ].join(' '),
  osaka: '133.1.0.0/16 130.54.0.0/16',
  frankfurt: [
    '79.192.0.0/10 80.128.0.0/11 84.128.0.0/10 87.128.0.0/10 91.0.0.0/10 93.192.0.0/10',
    '217.0.0.0/13 217.224.0.0/11 141.2.0.0/16',
  ].join(' '),
  london: '86.128.0.0/10 81.128.0.0/11 109.144.0.0/12 31.48.0.0/13 129.67.0.0/16 131.111.0.0/16',
  paris: '90.0.0.0/9 86.192.0.0/10 2.0.0.0/12 88.160.0.0/11 82.64.0.0/14',
  milan: '95.224.0.0/11 131.175.0.0/16',
  madrid: '83.32.0.0/11 88.0.0.0/11',
  amsterdam: '77.160.0.0/11',
  stockholm: '78.64.0.0/12 130.237.0.0/16',
  zurich: '129.132.0.0/16',
  dublin: '134.226.0.0/16 137.43.0.0/16',
  istanbul: '78.160.0.0/11 85.96.0.0/12 88.224.0.0/11',
  moscow: '95.24.0.0/13',
  'tel-aviv': '132.66.0.0/16',
  sydney: '1.128.0.0/11 101.160.0.0/11 129.78.0.0/16',
  melbourne: '128.250.0.0/16',
  auckland: '130.216.0.0/16',
  seoul: '14.32.0.0/11 59.0.0.0/11 112.160.0.0/11 175.192.0.0/10 147.46.0.0/16',
  shanghai: '116.224.0.0/12 101.80.0.0/12 114.80.0.0/12',
  beijing: '114.240.0.0/12 123.112.0.0/12 111.192.0.0/12',
  taipei: '1.160.0.0/12 36.224.0.0/12 111.240.0.0/12 140.112.0.0/16',
  'hong-kong': '112.118.0.0/15 203.218.0.0/16 147.8.0.0/16',
  singapore: '220.255.0.0/16 137.132.0.0/16',
  'kuala-lumpur': '60.48.0.0/13 175.136.0.0/13',
  manila: '49.144.0.0/13',
  hanoi: '14.160.0.0/11 113.160.0.0/11',
  jakarta: '36.64.0.0/11',
  mumbai: '49.32.0.0/11',
  delhi: '117.192.0.0/10 122.160.0.0/12',
  cairo: '41.32.0.0/12 197.32.0.0/11 156.192.0.0/11',
  'cape-town': '137.158.0.0/16',
  johannesburg: '41.0.0.0/11',
  lagos: '105.112.0.0/12 197.210.0.0/16',
  'sao-paulo': '177.0.0.0/8 200.128.0.0/9 143.107.0.0/16',
  'mexico-city': '189.128.0.0/9 187.128.0.0/9 132.248.0.0/16',
  toronto: '128.100.0.0/16',
  montreal: '132.206.0.0/16',
  'new-york': '128.59.0.0/16 66.65.0.0/16',
  boston: '18.0.0.0/11',
  'san-jose': '171.64.0.0/14',
  'san-francisco': '128.32.0.0/16',
  philadelphia: '73.0.0.0/8',
  'los-angeles': '128.97.0.0/16 47.144.0.0/12',
  chicago: '128.135.0.0/16',
  seattle: '128.95.0.0/16',
  dallas: '129.119.0.0/16',
  houston: '129.7.0.0/16',
  miami: '129.171.0.0/16',
};

/** Length of the prefix, then network number → place. Longest first. */
const tables: [shift: number, Map<number, Place>][] = [];

for (const [name, prefixes] of [
  ...Object.entries(awsPrefixes),
  ...Object.entries(networkPrefixes),
]) {
  const place = placeByName(name);
  for (const prefix of prefixes.split(' ')) {
    const [network = '', length = ''] = prefix.split('/');
    const value = parseIpv4(network);
    if (place === undefined || value === undefined) throw new RangeError(`${name} ${prefix}`);
    const shift = 32 - Number(length);
    let table = tables.find(([each]) => each === shift);
    if (table === undefined) {
      table = [shift, new Map()];
      tables.push(table);
    }
    table[1].set(value >>> shift, place);
  }
}
tables.sort((a, b) => a[0] - b[0]);

/**
 * Where an address is: a place's own model subnet, or a well-known real block. Undefined for all
 * others (the caller has a default: a resolver in us-east-1).
 */
export function placeOfIp(ip: string): Place | undefined {
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) return placeOfIpv4(v4);
  const v6 = parseIpv6(ip);
  return v6 === undefined ? undefined : placeOfIpv6(v6);
}

/** The same for an IPv4 address as an unsigned 32-bit number. */
export function placeOfIpv4(value: number): Place | undefined {
  const model = placeOfModelIpv4(value);
  if (model !== undefined) return model;
  for (const [shift, table] of tables) {
    const place = table.get(value >>> shift);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** The same for 16 bytes of an IPv6 address; an IPv4-mapped one counts as IPv4. */
export function placeOfIpv6(bytes: Uint8Array): Place | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mapped = view.getBigUint64(0) === 0n && view.getUint32(8) === 0xffff;
  return mapped ? placeOfIpv4(view.getUint32(12)) : placeOfModelIpv6(bytes);
}
