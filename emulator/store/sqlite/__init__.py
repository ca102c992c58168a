"""The database in a file, by SQLite.

    troubles     errors that make the database unusable
    files        the files of a database, and the check whether they are still the opened ones
    locks        locks that all processes of a database share
    connection   a connection to a database file
    connections  the reading connections of threads, and the writing connection
    schema       creates the schema or updates it
    maintenance  checkpoints and upkeep
    store        Store
    place        where a database file is
"""
