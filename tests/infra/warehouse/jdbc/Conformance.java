import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** What a BI tool does through the driver. Prints one line a check: name TAB value. */
public class Conformance {
    public static void main(String[] args) throws Exception {
        String url = args[0];
        Properties who = new Properties();
        who.setProperty("user", System.getenv("WAREHOUSE_USER"));
        who.setProperty("password", System.getenv("WAREHOUSE_PASSWORD"));
        for (int at = 2; at < args.length; at++) {
            String[] pair = args[at].split("=", 2);
            who.setProperty(pair[0], pair[1]);
        }
        try (Connection connection = DriverManager.getConnection(url, who)) {
            metadata(connection);
            if (args[1].equals("write")) {
                types(connection);
                prepared(connection);
                large(connection);
            } else {
                reader(connection);
            }
            errors(connection);
        }
    }

    static void say(String name, Object value) {
        System.out.println(name + "\t" + value);
    }

    static void metadata(Connection connection) throws SQLException {
        DatabaseMetaData meta = connection.getMetaData();
        say("product", meta.getDatabaseProductName());
        say("version", meta.getDatabaseProductVersion());
        Map<String, String> remarks = new HashMap<>();
        try (ResultSet tables = meta.getTables(null, "spm_bi", "%", null)) {
            while (tables.next()) {
                remarks.put(tables.getString("TABLE_NAME"), tables.getString("REMARKS"));
            }
        }
        say("tables", remarks.size());
        say("table remark", remarks.get("rep_day"));
        try (ResultSet columns = meta.getColumns(null, "spm_bi", "rep_day", "%")) {
            int count = 0;
            while (columns.next()) {
                count++;
                if (columns.getString("COLUMN_NAME").equals("measure")) {
                    say("column remark", columns.getString("REMARKS"));
                    say("column type", columns.getString("TYPE_NAME"));
                }
            }
            say("columns", count);
        }
        try (ResultSet schemas = meta.getSchemas()) {
            boolean found = false;
            while (schemas.next()) {
                found |= schemas.getString("TABLE_SCHEM").equals("spm_bi");
            }
            say("schema seen", found);
        }
        try (ResultSet types = meta.getTypeInfo()) {
            say("types", types.next());
        }
    }

    static void types(Connection connection) throws SQLException {
        String table = System.getenv("WAREHOUSE_TABLE");
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT * FROM " + table)) {
            row.next();
            ResultSetMetaData meta = row.getMetaData();
            for (int at = 1; at <= meta.getColumnCount(); at++) {
                say("value " + meta.getColumnName(at), row.getString(at));
            }
            say("decimal", row.getBigDecimal("amount").compareTo(new BigDecimal("25000.5")) == 0);
            say("null", row.getString("note") == null && row.wasNull());
        }
    }

    static void prepared(Connection connection) throws SQLException {
        String table = System.getenv("WAREHOUSE_TABLE");
        String insert = "INSERT INTO " + table + " (id, name, amount, day) VALUES (?, ?, ?, ?)";
        try (PreparedStatement statement = connection.prepareStatement(insert)) {
            for (int at = 0; at < 50; at++) {
                statement.setLong(1, 1000 + at);
                statement.setString(2, "it's; number\n\n" + at);
                statement.setBigDecimal(3, new BigDecimal("1.2500"));
                statement.setDate(4, Date.valueOf("2026-11-22"));
                statement.addBatch();
            }
            say("batch", statement.executeBatch().length);
        }
        String select = "SELECT count(), sum(amount), max(name) FROM " + table + " WHERE id >= ? AND day = ?";
        try (PreparedStatement statement = connection.prepareStatement(select)) {
            statement.setLong(1, 1000);
            statement.setDate(2, Date.valueOf("2026-11-22"));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                say("prepared count", row.getLong(1));
                say("prepared sum", row.getBigDecimal(2).stripTrailingZeros().toPlainString());
                say("prepared text", row.getString(3).replace("\n", "/"));
            }
        }
    }

    static void large(Connection connection) throws SQLException {
        String sql = "SELECT number, toString(number) AS text, number / 3 AS ratio FROM numbers(300000)";
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            long sum = 0;
            while (rows.next()) {
                sum += rows.getLong(1);
            }
            say("large sum", sum);
        }
    }

    static void reader(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT * FROM spm_bi.rep_day ORDER BY rep_id LIMIT 10")) {
            say("reader columns", rows.getMetaData().getColumnCount());
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT * FROM spm.person");
            say("reader secret", "read");
        } catch (SQLException error) {
            say("reader secret", error.getErrorCode());
        }
    }

    static void errors(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT nothing_there FROM spm_bi.rep_day");
            say("error", "none");
        } catch (SQLException error) {
            say("error", error.getErrorCode());
        }
    }
}
