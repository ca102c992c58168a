package main

import (
	"bufio"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
)

// COPIED

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		parts := strings.Split(lines.Text(), "\t")
		values, _ := url.ParseQuery(parts[1])
		params := map[string]string{}
		for name := range values {
			params[name] = values.Get(name)
		}
		fmt.Println(sign(params, parts[0]))
	}
}
