// @clickhouse/client as a web application uses it. Prints one JSON object.
import { createClient } from '@clickhouse/client'

const client = createClient({
  url: process.env.WAREHOUSE_URL,
  username: process.env.WAREHOUSE_USER,
  password: process.env.WAREHOUSE_PASSWORD,
  compression: { request: true, response: true },
})
const table = process.env.WAREHOUSE_TABLE
const said = {}
said.ping = (await client.ping()).success
const row = await client.query({ query: `SELECT name, kind, note, tags FROM ${table}`, format: 'JSONEachRow' })
said.row = (await row.json())[0]
const values = Array.from({ length: 500 }, (_, n) => ({ id: 2000 + n, name: `line\n\n${n};`, tags: ['a'] }))
await client.insert({ table, values, format: 'JSONEachRow' })
const counted = await client.query({
  query: `SELECT count() AS n, uniqExact(name) AS names FROM ${table} WHERE id >= {from: UInt64}`,
  query_params: { from: 2000 },
  format: 'JSONCompactEachRow',
})
said.counted = (await counted.json())[0]
let streamed = 0
const stream = await client.query({ query: 'SELECT number FROM numbers(100000)', format: 'CSV' })
for await (const rows of stream.stream()) streamed += rows.length
said.streamed = streamed
try {
  await client.query({ query: 'SELECT * FROM spm.no_such_table' })
} catch (error) {
  said.error = error.code
}
await client.close()
console.log(JSON.stringify(said))
