// Generates C with SDEverywhere: node generate.js MODEL.mdl SPEC.json FOLDER writes FOLDER/generated.c
import { readFileSync } from 'node:fs'
import { parseAndGenerate } from '@sdeverywhere/compile'

const [model, spec, folder] = process.argv.slice(2)
await parseAndGenerate(readFileSync(model, 'utf8'), 'vensim', JSON.parse(readFileSync(spec, 'utf8')), ['generateC'], folder, 'generated', folder)
