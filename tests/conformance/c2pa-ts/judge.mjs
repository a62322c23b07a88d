// Judge pictures with `@trustnxt/c2pa-ts`; run by whatever Node is on the path, and imported by nothing.
//
//     node judge.mjs PACKAGE-DIR FILE...
//
// Prints one JSON object: for each file, whether it is valid, and the codes of what failed. Ends with 0.

import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...files] = process.argv.slice(2);
const load = name => import(pathToFileURL(path.resolve(folder, 'dist', name, 'index.js')));
const [{ BMFF, JPEG, PNG }, { SuperBox }, { ManifestStore, ValidationResult }] = await Promise.all(
    ['asset', 'jumbf', 'manifest'].map(load),
);

async function judge(file) {
    const data = await fs.readFile(file);
    try {
        const Kind = [JPEG, PNG, BMFF].find(kind => kind.canRead(data));
        const asset = Kind.create ? await Kind.create(data) : new Kind(data);
        return await ManifestStore.read(SuperBox.fromBuffer(await asset.getManifestJUMBF())).validate(asset);
    } catch (error) {
        return ValidationResult.fromError(error);
    }
}

const found = {};
for (const file of files) {
    const result = await judge(file);
    found[file] = { valid: result.isValid, failures: result.statusEntries.filter(e => !e.success).map(e => e.code) };
}
console.log(JSON.stringify(found));
