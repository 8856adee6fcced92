import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;

const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Public by registration, yet answered inside clouds: Azure's wire server gives out instance credentials. */
const METADATA_V4 = new Set(['168.63.129.16']);

/**
 * The address a packet would really reach: IPv4-mapped and NAT64 addresses become the IPv4 address they carry. Null for
 * anything that is not a canonical address: spellings such as `0177.0.0.1` or `127.1` never count as addresses here.
 */
export function parseAddress(text: string): Address | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return null;
  return effective(ipaddr.parse(bare));
}

/** Whether an address belongs to the open internet, by allow-list: what no registry calls global unicast is not. */
export function isPublicAddress(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return isV6(address) ? address.match(GLOBAL_UNICAST_V6) : !METADATA_V4.has(address.toString());
}

function effective(address: Address): Address {
  if (!isV6(address)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

function isV6(address: Address): address is InstanceType<typeof ipaddr.IPv6> {
  return address.kind() === 'ipv6';
}
