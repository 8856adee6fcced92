import { AppError } from '../../platform/errors/app-error.js';

/** What was found; when it was not, `instead` is thrown, which says so in the words of the dialect. */
export async function orInstead<T>(found: Promise<T>, instead: AppError): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof AppError && error.status === 404) throw instead;
    throw error;
  }
}

/** What was found; null when it was not. */
export async function orAbsent<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return null;
    throw error;
  }
}
