"""The server processes: how they start and end, their connections, and the settings that they share.

Each module imports only from those above it:

    logs             a log without card numbers and passwords
    parent           the end of the process that started the server
    address_file     the file that has the address of a server that answers
    requests         HTTP requests as gunicorn reads them
    resources        files, sockets and certificates that a start needs
    shared_settings  what all servers of a database must agree on
    listeners        a listening socket that is closed without loss
    connections      one connection: time limits, and a polite end
    tls              a connection with TLS
    safe_settings    settings that are drawn where others can reach the emulator
    certificates     certificates of the server, and one that it makes
    state            what is unusual in the database at the start
    building         the application on its database
    serving          a server that is running
    worker           one worker process
    process          serve: from the settings to the end
"""
