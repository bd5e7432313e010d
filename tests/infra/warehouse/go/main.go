// What Grafana's plugin does over HTTP: connect, read every type, insert a batch.
// Prints one line a check: name TAB value.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx := context.Background()
	options := &clickhouse.Options{
		Addr:     []string{os.Getenv("WAREHOUSE_ADDR")},
		Protocol: clickhouse.HTTP,
		Auth: clickhouse.Auth{
			Database: "spm",
			Username: os.Getenv("WAREHOUSE_USER"),
			Password: os.Getenv("WAREHOUSE_PASSWORD"),
		},
	}
	switch os.Getenv("WAREHOUSE_PACKING") {
	case "lz4":
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	case "gzip":
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionGZIP}
	}
	connection, err := clickhouse.Open(options)
	must(err)
	must(connection.Ping(ctx))
	version, err := connection.ServerVersion()
	must(err)
	fmt.Printf("version\t%d\n", version.Version.Major)
	table := os.Getenv("WAREHOUSE_TABLE")

	var name, kind, state string
	var note *string
	var at time.Time
	var tags []string
	var counts map[string]uint32
	must(connection.QueryRow(ctx, "SELECT name, kind, note, at, tags, state, counts FROM "+table).
		Scan(&name, &kind, &note, &at, &tags, &state, &counts))
	fmt.Printf("row\t%s %s %t %s %v %s %v\n", name, kind, note == nil, at.UTC().Format(time.RFC3339Nano), tags, state, counts)

	batch, err := connection.PrepareBatch(ctx, "INSERT INTO "+table+" (id, name, kind, note, tags, at)")
	must(err)
	for n := 0; n < 1000; n++ {
		said := fmt.Sprintf("line\n\n%d;", n)
		must(batch.Append(uint64(1000+n), said, "SDR", &said, []string{"x", said}, time.Unix(int64(n), 0)))
	}
	must(batch.Send())
	var count, distinct uint64
	must(connection.QueryRow(ctx, "SELECT count(), uniqExact(note) FROM "+table+" WHERE id >= ? AND kind = ?", 1000, "SDR").
		Scan(&count, &distinct))
	fmt.Printf("batch\t%d %d\n", count, distinct)

	rows, err := connection.Query(ctx, "SELECT number, toString(number), toLowCardinality(toString(number % 9)) FROM numbers(200000)")
	must(err)
	var sum uint64
	for rows.Next() {
		var number uint64
		var text, low string
		must(rows.Scan(&number, &text, &low))
		sum += number
	}
	must(rows.Err())
	fmt.Printf("sum\t%d\n", sum)
	fmt.Printf("error\t%v\n", connection.Exec(ctx, "SELECT * FROM spm.no_such_table") != nil)
}
