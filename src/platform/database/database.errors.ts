/** The database cannot be used as it is; the operator has to act. Ends the start with its message, without a stack. */
export class DatabaseUnusableError extends Error {
  override readonly name: string = 'DatabaseUnusableError';
}

/** The database was migrated by a later version of Heddle: writing to it could break what that version relies on. */
export class DatabaseTooNewError extends DatabaseUnusableError {
  override readonly name = 'DatabaseTooNewError';

  constructor(readonly unknown: readonly string[]) {
    super(
      `the database was migrated by a newer version of Heddle (unknown migrations: ${unknown.join(', ')}); start that version or a later one`,
    );
  }
}

/** `HEDDLE_MIGRATE=check` and the schema is behind. */
export class MigrationsPendingError extends DatabaseUnusableError {
  override readonly name = 'MigrationsPendingError';

  constructor(readonly pending: readonly string[]) {
    super(`the database lacks ${pending.length} migration(s): ${pending.join(', ')}; start once with HEDDLE_MIGRATE=auto`);
  }
}
