<?php
/*
 * A QR order of TGPay Pro V2 from beginning to end, against the emulator: php pay.php
 *
 * It creates the order, lets the emulator pay it, receives the notifications, verifies them, shows that a
 * forged one is refused, and queries the order. PHP 7.4 or later, no extension. It ends with status 1 when
 * anything is not as it should be.
 */
declare(strict_types=1);

// What you copy begins here.

/** The sign of parameters or fields (section 1.2 of the document), made before any URL encoding. */
function sign(array $params, string $token): string
{
    unset($params['sign'], $params['sign_type']);
    $params = array_filter($params, fn ($value) => $value !== '');  // '0' is not empty
    ksort($params, SORT_STRING);
    $pairs = array_map(fn ($name) => "$name=$params[$name]", array_keys($params));
    return md5(implode('&', $pairs) . $token);
}

/** Whether fields, of an answer or of a notification, have the sign that is theirs. */
function is_signed(array $fields, string $token): bool
{
    return hash_equals(sign($fields, $token), $fields['sign'] ?? '');
}

/** What the shop answers to a notification: status and body. Only a valid signature is accepted. */
function notified(array $fields, string $token): array
{
    return is_signed($fields, $token) ? [200, 'success'] : [400, 'wrong signature'];
}

// What you copy ends here.

$gateway = getenv('TGPAY_URL') ?: 'http://127.0.0.1:8472';
$merchants_id = getenv('TGPAY_MERCHANTS_ID') ?: '201703200001';
$token = getenv('TGPAY_TOKEN') ?: '14b0be26d00fbc6dcf20ed1f0a3516df';

function check(bool $holds, string $otherwise): void
{
    if (!$holds) {
        fwrite(STDERR, "$otherwise\n");
        exit(1);
    }
}

function post(string $url, string $type, string $body): string
{
    $options = ['method' => 'POST', 'header' => "Content-Type: $type", 'content' => $body, 'timeout' => 10];
    $answer = file_get_contents($url, false, stream_context_create(['http' => $options]));
    check($answer !== false, "no answer from $url");
    return $answer;
}

/** One request to the gateway: signed, sent, and the answer's fields, whose sign is verified. */
function ask(string $endpoint, array $params): array
{
    global $gateway, $merchants_id, $token;
    $params['merchants_id'] = $merchants_id;
    $params += ['sign' => sign($params, $token), 'sign_type' => 'MD5'];
    $xml = post("$gateway/v2/$endpoint.php", 'application/x-www-form-urlencoded', http_build_query($params));
    preg_match_all('~<(\w+)>([^<]*)</\1>~', $xml, $found, PREG_SET_ORDER);
    $fields = [];
    foreach ($found as [, $name, $value]) {
        $fields[$name] = html_entity_decode($value, ENT_QUOTES | ENT_XML1, 'UTF-8');
    }
    check(is_signed($fields, $token), "$endpoint: the answer has a wrong signature");
    check($fields['is_success'] === 'T', "$endpoint: " . ($fields['detail_error_des'] ?? $fields['error']));
    return $fields;
}

/** Receive one notification and answer it: its fields, and the status and body of the answer. */
function receive($server, string $token): array
{
    $connection = @stream_socket_accept($server, 10);
    check($connection !== false, 'no notification came in 10 seconds');
    $target = explode(' ', (string) fgets($connection))[1] ?? '';
    while (trim((string) fgets($connection)) !== '') {
        // the headers are not needed: this notification is a GET, and its fields are the query
    }
    parse_str((string) parse_url($target, PHP_URL_QUERY), $fields);
    [$status, $body] = notified($fields, $token);
    fwrite($connection, "HTTP/1.1 $status -\r\nContent-Length: " . strlen($body)
        . "\r\nConnection: close\r\n\r\n$body");
    fclose($connection);
    return [$fields, $status, $body];
}

$server = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($server, false);
$order = $merchants_id . (int) (microtime(true) * 1000);

$made = ask('tgpayqrcode', [
    'out_trade_no' => $order, 'trans_amount' => '12.50', 'pay_type' => 'alipay', 'it_b_pay' => '15m',
    'account_id' => '31', 'terminal_id' => '',  // empty: it is sent, and not signed
    'reference' => '咖啡 大杯', 'notify_url' => "http://$address/notify"]);
echo "order: {$made['result_code']}, valid signature\n";
[$created, $status, $body] = receive($server, $token);
check($status === 200, "notification {$created['notify_type']}: $body");
echo "notification: {$created['notify_type']}, valid signature, answered $body\n";

// the emulator lets the buyer pay
post("$gateway/_emulator/orders/$merchants_id/$order/pay", 'application/json', '');
do {  // the gateway may send one twice
    [$paid, $status, $body] = receive($server, $token);
    check($status === 200, "notification {$paid['notify_type']}: $body");
} while ($paid['notify_type'] !== 'trade_status_sync');
echo "notification: {$paid['notify_type']}, valid signature, answered $body:"
    . " {$paid['trade_status']}, {$paid['trans_amount']} {$paid['currency']}, {$paid['subject']}\n";

$forged = stream_socket_client("tcp://$address");
fwrite($forged, 'GET /notify?' . http_build_query(['trans_amount' => '0.01'] + $paid) . " HTTP/1.0\r\n\r\n");
[, $status, $body] = receive($server, $token);
check($status === 400, 'a forged notification was believed');
echo "forged notification: answered $status $body\n";

$found = ask('tgpayquery', ['out_trade_no' => $order]);
echo "query: {$found['trade_status']}, {$found['trans_amount']} {$found['trans_amount_type']},"
    . " valid signature\n";
