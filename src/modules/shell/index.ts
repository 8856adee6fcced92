export { ShellModule } from './shell.module.js';
/** Who may start processes. */
export { ShellPolicy } from './shell-policy.js';
