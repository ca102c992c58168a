// A QR order of TGPay Pro V2 from beginning to end, against the emulator: go run pay.go
//
// It creates the order, lets the emulator pay it, receives the notifications, verifies them, shows that a
// forged one is refused, and queries the order. Go 1.18 or later, no module. It ends with status 1 when
// anything is not as it should be.
package main

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"time"
)

// What you copy begins here.

// sign is the sign of parameters or fields (section 1.2 of the document), made before any URL encoding.
func sign(params map[string]string, token string) string {
	names, pairs := []string{}, []string{}
	for name, value := range params {
		if value != "" && name != "sign" && name != "sign_type" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		pairs = append(pairs, name+"="+params[name])
	}
	sum := md5.Sum([]byte(strings.Join(pairs, "&") + token))
	return hex.EncodeToString(sum[:])
}

// isSigned says whether fields, of an answer or of a notification, have the sign that is theirs.
func isSigned(fields map[string]string, token string) bool {
	return subtle.ConstantTimeCompare([]byte(sign(fields, token)), []byte(fields["sign"])) == 1
}

// notified is what the shop answers to a notification. Only a valid signature is accepted.
func notified(fields map[string]string, token string) (status int, body string) {
	if isSigned(fields, token) {
		return http.StatusOK, "success"
	}
	return http.StatusBadRequest, "wrong signature"
}

// What you copy ends here.

var (
	gateway     = setting("TGPAY_URL", "http://127.0.0.1:8472")
	merchantsID = setting("TGPAY_MERCHANTS_ID", "201703200001")
	token       = setting("TGPAY_TOKEN", "14b0be26d00fbc6dcf20ed1f0a3516df")
)

type notification struct {
	fields map[string]string
	status int
	body   string
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func check(holds bool, otherwise string) {
	if !holds {
		fmt.Fprintln(os.Stderr, otherwise)
		os.Exit(1)
	}
}

// body is the text of an HTTP answer.
func body(answer *http.Response, err error) string {
	check(err == nil, fmt.Sprint(err))
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err == nil, fmt.Sprint(err))
	return string(text)
}

// encoded is the query string of parameters.
func encoded(params map[string]string) string {
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	return values.Encode()
}

// ask sends one signed request to the gateway and returns the answer's fields, whose sign is verified.
func ask(endpoint string, params map[string]string) map[string]string {
	params["merchants_id"] = merchantsID
	params["sign"] = sign(params, token)
	params["sign_type"] = "MD5"
	text := body(http.Post(gateway+"/v2/"+endpoint+".php", "application/x-www-form-urlencoded",
		strings.NewReader(encoded(params))))
	var root struct {
		Fields []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	}
	err := xml.Unmarshal([]byte(text), &root)
	check(err == nil, fmt.Sprint(err))
	fields := map[string]string{}
	for _, field := range root.Fields {
		fields[field.XMLName.Local] = field.Value
	}
	check(isSigned(fields, token), endpoint+": the answer has a wrong signature")
	check(fields["is_success"] == "T", endpoint+": "+fields["error"]+" "+fields["detail_error_des"])
	return fields
}

// listen starts the shop's own HTTP server and returns its notify_url and what it receives.
func listen() (string, chan notification) {
	received := make(chan notification, 10)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, fmt.Sprint(err))
	go http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		fields := map[string]string{}
		for name, values := range request.URL.Query() { // this notification is a GET: the query
			fields[name] = values[len(values)-1]
		}
		status, body := notified(fields, token)
		writer.WriteHeader(status)
		io.WriteString(writer, body)
		received <- notification{fields, status, body}
	}))
	return "http://" + listener.Addr().String() + "/notify", received
}

// receive waits for the next notification, which must have a valid signature.
func receive(received chan notification) notification {
	select {
	case next := <-received:
		check(next.status == http.StatusOK, "notification "+next.fields["notify_type"]+": "+next.body)
		return next
	case <-time.After(10 * time.Second):
		check(false, "no notification came in 10 seconds")
	}
	return notification{}
}

func main() {
	notifyURL, received := listen()
	order := fmt.Sprint(merchantsID, time.Now().UnixNano())
	made := ask("tgpayqrcode", map[string]string{
		"out_trade_no": order, "trans_amount": "12.50", "pay_type": "alipay", "it_b_pay": "15m",
		"account_id": "31", "terminal_id": "", // empty: it is sent, and not signed
		"reference": "咖啡 大杯", "notify_url": notifyURL})
	fmt.Printf("order: %s, valid signature\n", made["result_code"])
	created := receive(received)
	fmt.Printf("notification: %s, valid signature, answered %s\n", created.fields["notify_type"], created.body)

	// the emulator lets the buyer pay
	event := gateway + "/_emulator/orders/" + merchantsID + "/" + order + "/pay"
	answer, err := http.Post(event, "application/json", nil)
	text := body(answer, err)
	check(answer.StatusCode == http.StatusOK, text)
	paid := receive(received)
	for paid.fields["notify_type"] != "trade_status_sync" { // the gateway may send one twice
		paid = receive(received)
	}
	fmt.Printf("notification: %s, valid signature, answered %s: %s, %s %s, %s\n", paid.fields["notify_type"],
		paid.body, paid.fields["trade_status"], paid.fields["trans_amount"], paid.fields["currency"],
		paid.fields["subject"])

	paid.fields["trans_amount"] = "0.01"
	forged, err := http.Get(notifyURL + "?" + encoded(paid.fields))
	text = body(forged, err)
	check(forged.StatusCode == http.StatusBadRequest, "a forged notification was believed")
	fmt.Printf("forged notification: answered %d %s\n", forged.StatusCode, text)

	found := ask("tgpayquery", map[string]string{"out_trade_no": order})
	fmt.Printf("query: %s, %s %s, valid signature\n", found["trade_status"], found["trans_amount"],
		found["trans_amount_type"])
}
