import { readFileSync } from 'node:fs';
import { configTable } from '../src/config/index.js';
import { writeOrCheck } from './support.js';

const BEGIN = '<!-- config:begin -->';
const END = '<!-- config:end -->';

const readme = readFileSync('README.md', 'utf8');
const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (from < 0 || to < from) throw new Error(`README.md needs the markers ${BEGIN} and ${END}`);
const table = `${BEGIN}\n<!-- generated from src/config by \`npm run config\` -->\n\n${configTable()}\n\n`;
writeOrCheck('README.md', readme.slice(0, from) + table + readme.slice(to), 'npm run config');
