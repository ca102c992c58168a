"""The database of a PostgreSQL server, by psycopg.

    troubles    errors that make the database unusable, in words
    dialect     the statements of the tables in the SQL of PostgreSQL
    connection  a connection with what the tables need
    locks       advisory locks: of writers, of the leader, of servers
    schema      creates the schema or updates it
    nodes       what the nodes tell each other, by NOTIFY
    sessions    the sessions of one process
    store       Store
    place       which server and database
"""
