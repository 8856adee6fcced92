import { CreateCoreTables1764000000000 } from './1764000000000-create-core-tables.js';

/** Every migration, oldest first. A file that is not listed here does not run; a test compares the list with the folder. */
export const MIGRATIONS = [CreateCoreTables1764000000000] as const;
