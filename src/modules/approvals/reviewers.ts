import { type Principal, ROLES, type Role } from '../../platform/http/permissions.js';

/**
 * Whether a caller is among the reviewers. The words `viewer`, `operator` and `admin` always mean roles, never keys of that
 * name; a role includes those above it.
 */
export function isReviewer(principal: Pick<Principal, 'keyId' | 'keyName' | 'role'>, reviewers: readonly string[]): boolean {
  if (reviewers.length === 0) return true;
  return reviewers.some((reviewer) =>
    isRole(reviewer)
      ? ROLES.indexOf(principal.role) >= ROLES.indexOf(reviewer)
      : principal.keyId !== null && (reviewer === principal.keyName || reviewer === principal.keyId),
  );
}

function isRole(word: string): word is Role {
  return (ROLES as readonly string[]).includes(word);
}
