/**
 * Advisory locks, each with a number of its own in one 64-bit namespace (`HEDL` in the upper half). Migrations take
 * theirs for a session on a direct connection; everything else uses `pg_advisory_xact_lock`, which is safe behind poolers.
 */
export const ADVISORY_LOCK = {
  migrations: (0x4845444cn << 32n) | 1n,
  bootstrapKey: (0x4845444cn << 32n) | 2n,
  journalPartitions: (0x4845444cn << 32n) | 3n,
  retention: (0x4845444cn << 32n) | 4n,
} as const;
