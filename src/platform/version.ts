import manifest from '../../package.json' with { type: 'json' };

export const SERVICE = 'heddle';
export const VERSION: string = manifest.version;
