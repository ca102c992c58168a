"""The database of a PostgreSQL server, by psycopg.

    troubles    errors that make the database unusable, in words
    dialect     the statements of the tables in the SQL of PostgreSQL
    nodes       what the nodes tell each other, by NOTIFY
    values      how values are written, and rows read
    statements  a statement with its values and its answer
    wire        carries statements out on a session
    session     a session with a server
    locks       advisory locks: of writers, of the leader, of servers
    claims      claims on notifications, so that every node makes attempts
    connection  a connection with what the tables need
    schema      creates the schema or updates it
    sessions    the sessions of one process
    lanes       transactions of several threads, committed together
    store       Store
    place       which server and database
"""
