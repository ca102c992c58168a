<?php
// COPIED
while (($line = fgets(STDIN)) !== false) {
    [$token, $query] = explode("\t", rtrim($line, "\n"));
    $params = [];
    foreach (explode('&', $query) as $pair) {
        [$name, $value] = explode('=', $pair);
        $params[urldecode($name)] = urldecode($value);
    }
    echo sign($params, $token), "\n";
}
