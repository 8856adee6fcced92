import { ASTROMESH } from './astromesh/index.js';
import { AWF } from './awf/index.js';
import { FLOWENGINE } from './flowengine/index.js';
import { FLWD } from './flwd/index.js';
import { MESHFLOW } from './meshflow/index.js';
import type { DescribedDialect } from './kit/index.js';

/** Every system whose API this server speaks. */
export const DIALECTS: readonly DescribedDialect[] = [ASTROMESH, AWF, FLOWENGINE, FLWD, MESHFLOW];
