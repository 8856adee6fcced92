/** A query parameter that lists values with commas between. Anything but text is left for validation to refuse. */
export function splitList({ value }: { value: unknown }): unknown {
  return typeof value === 'string' ? value.split(',') : value;
}
